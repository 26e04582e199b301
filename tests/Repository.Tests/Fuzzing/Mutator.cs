using System.Text;

namespace StellaOps.Backup.Repository.Tests.Fuzzing;

/// <summary>Makes inputs that are almost right: a valid sample with a few changes of the kinds that break parsers. The same seed makes the same inputs.</summary>
internal sealed class Mutator(int seed)
{
    private static readonly byte[][] Tokens =
    [
        .. new[]
        {
            "{", "}", "[", "]", "null", "\"", ":", ",", "-1", "0", "1e400", "1e-400", "-0", "99999999999999999999999", "9223372036854775807", "9223372036854775808", "4294967296",
            "2147483648", "-9223372036854775808", "1.5", "true", "\\u0000", "\\ud800", "\\", "é", "\"nodes\":", "\"blobs\":7", "\"content\":{}", "\"subtree\":null", "\"id\":\"\"",
            "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999+14:00", "1969-12-31T23:59:60Z", "..", "/", "a/b",
        }.Select(Encoding.UTF8.GetBytes),
        [0], [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80], [0xef, 0xbb, 0xbf],
        [0xff, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0x7f], [0, 0, 0, 0x80], [0, 0, 0, 1],
    ];

    private readonly Random _random = new(seed);

    /// <summary>The sample with one to six changes.</summary>
    public byte[] Next(byte[] sample)
    {
        var bytes = new List<byte>(sample);
        for (var changes = _random.Next(1, 7); changes > 0; changes--)
        {
            Change(bytes);
        }

        return [.. bytes];
    }

    private void Change(List<byte> bytes)
    {
        var at = _random.Next(bytes.Count + 1);
        var length = Math.Min(_random.Next(1, 40), bytes.Count - at);
        switch (_random.Next(11))
        {
            case 0 when at < bytes.Count:
                bytes[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1 when at < bytes.Count:
                bytes[at] = (byte)_random.Next(256);
                break;
            case 2:
                bytes.RemoveRange(at, bytes.Count - at); // Truncated.
                break;
            case 3:
                bytes.RemoveRange(at, length);
                break;
            case 4:
                bytes.InsertRange(at, bytes.GetRange(at, length)); // A piece twice.
                break;
            case 5:
                Overwrite(bytes, at, Token());
                break;
            case 6:
                bytes.InsertRange(at, Token());
                break;
            case 7:
                Nest(bytes, at);
                break;
            case 8:
                ReplaceNumber(bytes, at);
                break;
            case 9:
                RepeatMember(bytes, at);
                break;
            default:
                bytes.InsertRange(at, Enumerable.Repeat((byte)_random.Next(256), _random.Next(1, 3000))); // A long run.
                break;
        }
    }

    private byte[] Token() => Tokens[_random.Next(Tokens.Length)];

    private static void Overwrite(List<byte> bytes, int at, byte[] token)
    {
        for (var i = 0; i < token.Length && at + i < bytes.Count; i++)
        {
            bytes[at + i] = token[i];
        }
    }

    private void Nest(List<byte> bytes, int at)
    {
        var depth = _random.Next(1, 20_000);
        var open = _random.Next(2) == 0 ? "["u8.ToArray() : "{\"a\":"u8.ToArray();
        bytes.InsertRange(at, Enumerable.Repeat(open, depth / open.Length).SelectMany(piece => piece));
    }

    /// <summary>The next number becomes an extreme one.</summary>
    private void ReplaceNumber(List<byte> bytes, int at)
    {
        var from = bytes.FindIndex(Math.Min(at, bytes.Count), IsDigit);
        if (from >= 0)
        {
            var to = bytes.FindIndex(from, value => !IsDigit(value));
            bytes.RemoveRange(from, (to < 0 ? bytes.Count : to) - from);
            bytes.InsertRange(from, Token());
        }
    }

    /// <summary>A member, or whatever stands between two commas, comes twice.</summary>
    private static void RepeatMember(List<byte> bytes, int at)
    {
        var from = bytes.IndexOf((byte)',', Math.Min(at, bytes.Count));
        var to = from < 0 ? -1 : bytes.IndexOf((byte)',', from + 1);
        if (to > 0)
        {
            bytes.InsertRange(to, bytes.GetRange(from, to - from));
        }
    }

    private static bool IsDigit(byte value) => value is >= (byte)'0' and <= (byte)'9';
}

using System.Diagnostics.CodeAnalysis;

namespace StellaOps.Backup.Age.Keys;

/// <summary>
/// Bech32 (BIP 173) as age uses it: five bits a character, a checksum of six characters, all in one case. Without the
/// length limit of 90, which age lifts.
/// </summary>
internal static class Bech32
{
    private const string Alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    private const int ChecksumLength = 6;
    private static readonly uint[] Generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

    /// <summary>Lower case.</summary>
    public static string Encode(string prefix, ReadOnlySpan<byte> data)
    {
        List<byte> values = [];
        Regroup(data, 8, 5, pad: true, values);
        var checksum = Polymod([.. Expand(prefix), .. values, .. new byte[ChecksumLength]]) ^ 1;
        for (var i = 0; i < ChecksumLength; i++)
        {
            values.Add((byte)((checksum >> (5 * (ChecksumLength - 1 - i))) & 31));
        }

        return $"{prefix}1{string.Concat(values.Select(value => Alphabet[value]))}";
    }

    /// <summary>The prefix in lower case and the data; false for mixed case, a wrong checksum or padding that is not zero.</summary>
    public static bool TryDecode(string text, [NotNullWhen(true)] out string? prefix, [NotNullWhen(true)] out byte[]? data)
    {
        (prefix, data) = (null, null);
        var lower = text.ToLowerInvariant();
        var separator = lower.LastIndexOf('1');
        var mixed = text.Any(char.IsAsciiLetterLower) && text.Any(char.IsAsciiLetterUpper);
        if (mixed || separator < 1 || separator + ChecksumLength >= lower.Length)
        {
            return false;
        }

        var values = lower[(separator + 1)..].Select(character => Alphabet.IndexOf(character, StringComparison.Ordinal)).ToList();
        var name = lower[..separator];
        if (name.AsSpan().ContainsAnyExceptInRange('!', '~') || values.Contains(-1)
            || Polymod([.. Expand(name), .. values.Select(value => (byte)value)]) != 1)
        {
            return false;
        }

        List<byte> bytes = [];
        if (!Regroup([.. values.SkipLast(ChecksumLength).Select(value => (byte)value)], 5, 8, pad: false, bytes))
        {
            return false;
        }

        (prefix, data) = (name, [.. bytes]);
        return true;
    }

    private static bool Regroup(ReadOnlySpan<byte> input, int from, int to, bool pad, List<byte> output)
    {
        uint bits = 0;
        var count = 0;
        foreach (var value in input)
        {
            bits = (bits << from) | value;
            count += from;
            while (count >= to)
            {
                count -= to;
                output.Add((byte)((bits >> count) & ((1u << to) - 1)));
            }

            bits &= (1u << count) - 1;
        }

        if (pad && count > 0)
        {
            output.Add((byte)(bits << (to - count)));
        }

        return pad || (count < from && bits == 0);
    }

    private static IEnumerable<byte> Expand(string prefix) =>
        [.. prefix.Select(character => (byte)(character >> 5)), 0, .. prefix.Select(character => (byte)(character & 31))];

    private static uint Polymod(IEnumerable<byte> values)
    {
        uint checksum = 1;
        foreach (var value in values)
        {
            var top = checksum >> 25;
            checksum = ((checksum & 0x1ffffff) << 5) ^ value;
            for (var i = 0; i < Generator.Length; i++)
            {
                checksum ^= ((top >> i) & 1) != 0 ? Generator[i] : 0;
            }
        }

        return checksum;
    }
}

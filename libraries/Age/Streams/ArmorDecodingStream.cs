using System.Text;
using StellaOps.Backup.Age.Format;

namespace StellaOps.Backup.Age.Streams;

/// <summary>
/// Reads armor line by line: white space, the first line, lines of exactly 64 columns, at most one shorter line, the last
/// line, white space. Lines end with LF or CRLF.
/// </summary>
internal sealed class ArmorDecodingStream(Stream source, bool leaveOpen) : PullStream(source, leaveOpen)
{
    /// <summary>White space before the first line.</summary>
    private const int MaxLeadingSpace = 1024;

    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly MemoryStream _decoded = new();

    /// <summary>Bytes of a line whose end was not read yet, at the start of the buffer.</summary>
    private int _carried;

    private Place _place = Place.Before;
    private int _leadingSpace;

    private enum Place
    {
        Before,
        Body,
        ShortLineRead,
        After,
    }

    protected override Memory<byte> Wanted => _buffer.AsMemory(_carried);

    protected override void Accept(int count)
    {
        var ended = count < Wanted.Length;
        ReadOnlySpan<byte> rest = _buffer.AsSpan(0, _carried + count);
        _decoded.SetLength(0);
        for (var feed = rest.IndexOf((byte)'\n'); feed >= 0; feed = rest.IndexOf((byte)'\n'))
        {
            AcceptLine(rest[..feed]);
            rest = rest[(feed + 1)..];
        }

        if (ended)
        {
            AcceptLine(rest);
            if (_place != Place.After)
            {
                throw Malformed("its last line is missing");
            }
        }
        else if (rest.Length == _buffer.Length)
        {
            throw Malformed("a line is too long");
        }

        _carried = rest.Length;
        rest.CopyTo(_buffer);
        Ready = _decoded.GetBuffer().AsMemory(0, (int)_decoded.Length);
        Ended = ended;
    }

    private void AcceptLine(ReadOnlySpan<byte> bytes)
    {
        var line = bytes.EndsWith("\r"u8) ? bytes[..^1] : bytes;
        switch (_place)
        {
            case Place.Before when line.SequenceEqual(AgeArmor.Begin):
                _place = Place.Body;
                break;
            case Place.Before when IsSpace(line) && (_leadingSpace += bytes.Length + 1) <= MaxLeadingSpace:
            case Place.After when IsSpace(line):
                break;
            case Place.Before:
                throw Malformed("its first line is missing");
            case Place.After:
                throw Malformed("something follows its last line");
            case Place.Body or Place.ShortLineRead when line.SequenceEqual(AgeArmor.End):
                _place = Place.After;
                break;
            case Place.ShortLineRead:
                throw Malformed("a line follows one that is shorter than 64 columns");
            default:
                Decode(line);
                break;
        }
    }

    private void Decode(ReadOnlySpan<byte> line)
    {
        if (line.Length is 0 or > AgeArmor.Columns || !RawBase64.TryDecodePadded(Encoding.Latin1.GetString(line), out var decoded))
        {
            throw Malformed("a line is not canonical base64 of at most 64 columns");
        }

        _decoded.Write(decoded);
        if (line.Length < AgeArmor.Columns || line[^1] == '=')
        {
            _place = Place.ShortLineRead;
        }
    }

    private static bool IsSpace(ReadOnlySpan<byte> line) => !line.ContainsAnyExcept(" \t\r"u8);

    private static AgeException Malformed(string why) => new(AgeFailure.ArmorFailure, $"not strict age armor: {why}");
}

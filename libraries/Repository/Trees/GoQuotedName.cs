using System.Buffers;
using System.Globalization;
using System.Text;

namespace StellaOps.Backup.Repository.Trees;

/// <summary>
/// Names inside a tree: what Go's <c>strconv.Quote</c> makes of the bytes, without the quotes around it. So every name is
/// valid UTF-8 in the JSON, and every byte comes back.
/// </summary>
internal static class GoQuotedName
{
    private static readonly SearchValues<byte> PlainAscii =
        SearchValues.Create(Enumerable.Range(0x20, 0x5f).Where(c => c is not ('"' or '\\')).Select(c => (byte)c).ToArray());

    /// <summary>Appends the quoted form of <paramref name="name"/>.</summary>
    public static void Quote(ReadOnlySpan<byte> name, IBufferWriter<byte> destination)
    {
        if (!name.ContainsAnyExcept(PlainAscii))
        {
            destination.Write(name);
            return;
        }

        while (!name.IsEmpty)
        {
            var valid = Rune.DecodeFromUtf8(name, out var rune, out var length) == OperationStatus.Done;
            if (!valid)
            {
                length = 1; // Go escapes an invalid sequence byte by byte.
                Escape(destination, 'x', name[0], 2);
            }
            else if (rune.Value is '"' or '\\')
            {
                destination.Write([(byte)'\\', (byte)rune.Value]);
            }
            else if (IsPrintable(rune))
            {
                destination.Write(name[..length]);
            }
            else
            {
                EscapeRune(destination, rune.Value);
            }

            name = name[length..];
        }
    }

    /// <summary>Undoes <see cref="Quote"/>; false where the text is not what Go would accept between double quotes.</summary>
    public static bool TryUnquote(ReadOnlySpan<byte> quoted, out byte[] name)
    {
        if (!quoted.ContainsAny((byte)'\\', (byte)'"', (byte)'\n'))
        {
            name = quoted.ToArray();
            return true;
        }

        name = [];
        var bytes = new byte[quoted.Length];
        var written = 0;
        while (!quoted.IsEmpty)
        {
            if (quoted[0] is (byte)'"' or (byte)'\n')
            {
                return false;
            }

            if (quoted[0] != '\\')
            {
                bytes[written++] = quoted[0];
                quoted = quoted[1..];
            }
            else if (!TryUnescape(ref quoted, bytes, ref written))
            {
                return false;
            }
        }

        name = bytes[..written];
        return true;
    }

    private static bool TryUnescape(ref ReadOnlySpan<byte> quoted, Span<byte> bytes, ref int written)
    {
        if (quoted.Length < 2)
        {
            return false;
        }

        var kind = quoted[1];
        quoted = quoted[2..];
        var single = kind switch
        {
            (byte)'a' => 7, (byte)'b' => 8, (byte)'f' => 12, (byte)'n' => 10, (byte)'r' => 13, (byte)'t' => 9, (byte)'v' => 11,
            (byte)'\\' => '\\', (byte)'"' => '"',
            _ => -1,
        };
        if (single >= 0)
        {
            bytes[written++] = (byte)single;
            return true;
        }

        return kind switch
        {
            (byte)'x' => TryNumber(ref quoted, 2, 16, out var value) && Append(bytes, ref written, value, asRune: false),
            (byte)'u' => TryNumber(ref quoted, 4, 16, out var value) && Append(bytes, ref written, value, asRune: true),
            (byte)'U' => TryNumber(ref quoted, 8, 16, out var value) && Append(bytes, ref written, value, asRune: true),
            >= (byte)'0' and <= (byte)'7' => TryOctal(kind, ref quoted, out var value) && Append(bytes, ref written, value, asRune: false),
            _ => false,
        };
    }

    private static bool TryOctal(byte first, ref ReadOnlySpan<byte> quoted, out uint value)
    {
        var ok = TryNumber(ref quoted, 2, 8, out value);
        value += (uint)(first - '0') * 64;
        return ok && value <= byte.MaxValue;
    }

    private static bool TryNumber(ref ReadOnlySpan<byte> quoted, int digits, uint radix, out uint value)
    {
        value = 0;
        if (quoted.Length < digits)
        {
            return false;
        }

        foreach (var digit in quoted[..digits])
        {
            if (!char.IsAsciiHexDigit((char)digit))
            {
                return false;
            }

            var number = (uint)(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
            if (number >= radix)
            {
                return false;
            }

            value = value * radix + number;
        }

        quoted = quoted[digits..];
        return true;
    }

    private static bool Append(Span<byte> bytes, ref int written, uint value, bool asRune)
    {
        if (!asRune)
        {
            bytes[written++] = (byte)value;
            return true;
        }

        return Rune.TryCreate(value, out var rune) && rune.TryEncodeToUtf8(bytes[written..], out var length) && (written += length) > 0;
    }

    // strconv.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII space.
    private static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune)
        is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
            or UnicodeCategory.OtherNotAssigned or UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator);

    private static void EscapeRune(IBufferWriter<byte> destination, int rune)
    {
        var letter = rune switch { 7 => 'a', 8 => 'b', 12 => 'f', 10 => 'n', 13 => 'r', 9 => 't', 11 => 'v', _ => '\0' };
        if (letter != '\0')
        {
            destination.Write([(byte)'\\', (byte)letter]);
        }
        else if (rune is < ' ' or 0x7f)
        {
            Escape(destination, 'x', rune, 2);
        }
        else
        {
            Escape(destination, rune < 0x10000 ? 'u' : 'U', rune, rune < 0x10000 ? 4 : 8);
        }
    }

    private static void Escape(IBufferWriter<byte> destination, char kind, int value, int digits)
    {
        var span = destination.GetSpan(2 + digits);
        span[0] = (byte)'\\';
        span[1] = (byte)kind;
        for (var at = digits + 1; at > 1; at--, value >>= 4)
        {
            span[at] = (byte)"0123456789abcdef"[value & 15];
        }

        destination.Advance(2 + digits);
    }
}

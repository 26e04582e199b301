using System.Buffers;
using System.Text;

namespace StellaOps.Backup.Repository.Trees;

/// <summary>JSON strings byte for byte as Go's <c>encoding/json</c> writes them; .NET escapes other characters.</summary>
internal static class GoJsonString
{
    private static readonly SearchValues<byte> Plain =
        SearchValues.Create(Enumerable.Range(0x20, 0x60).Where(c => c is not ('"' or '\\' or '<' or '>' or '&')).Select(c => (byte)c).ToArray());

    /// <summary>Appends the string with its quotes. Bytes that are not UTF-8 become U+FFFD each.</summary>
    public static void Write(ReadOnlySpan<byte> text, IBufferWriter<byte> destination)
    {
        destination.Write("\""u8);
        while (!text.IsEmpty)
        {
            var plain = text.IndexOfAnyExcept(Plain);
            if (plain != 0)
            {
                var length = plain < 0 ? text.Length : plain;
                destination.Write(text[..length]);
                text = text[length..];
                continue;
            }

            text = text[WriteOne(text, destination)..];
        }

        destination.Write("\""u8);
    }

    private static int WriteOne(ReadOnlySpan<byte> text, IBufferWriter<byte> destination)
    {
        if (text[0] < 0x80)
        {
            WriteAscii(text[0], destination);
            return 1;
        }

        if (Rune.DecodeFromUtf8(text, out var rune, out var length) != OperationStatus.Done)
        {
            destination.Write("\\ufffd"u8);
            return 1;
        }

        destination.Write(rune.Value switch
        {
            0x2028 => "\\u2028"u8,
            0x2029 => "\\u2029"u8,
            _ => text[..length],
        });
        return length;
    }

    private static void WriteAscii(byte character, IBufferWriter<byte> destination)
    {
        ReadOnlySpan<byte> escape = character switch
        {
            (byte)'"' => "\\\""u8,
            (byte)'\\' => "\\\\"u8,
            (byte)'\b' => "\\b"u8,
            (byte)'\f' => "\\f"u8,
            (byte)'\n' => "\\n"u8,
            (byte)'\r' => "\\r"u8,
            (byte)'\t' => "\\t"u8,
            _ => [(byte)'\\', (byte)'u', (byte)'0', (byte)'0', (byte)"0123456789abcdef"[character >> 4], (byte)"0123456789abcdef"[character & 15]],
        };
        destination.Write(escape);
    }
}

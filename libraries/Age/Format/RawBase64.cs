using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace StellaOps.Backup.Age.Format;

/// <summary>
/// The base64 of age headers: standard alphabet, no padding, canonical. One value has exactly one spelling, so that a
/// header cannot be rewritten without a trace.
/// </summary>
internal static class RawBase64
{
    public static string Encode(ReadOnlySpan<byte> bytes) => Convert.ToBase64String(bytes).TrimEnd('=');

    public static bool TryDecode(ReadOnlySpan<char> text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        if (text.Length % 4 == 1 || text.Contains('='))
        {
            return false;
        }

        return TryDecodePadded(string.Concat(text, "==".AsSpan(0, (4 - text.Length % 4) % 4)), out bytes);
    }

    /// <summary>Padded text, as armor has it. The decoder of .NET is lenient; the comparison with a fresh encoding is not.</summary>
    public static bool TryDecodePadded(string text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        var ascii = Encoding.Latin1.GetBytes(text);
        if (!Base64.IsValid(ascii, out var length))
        {
            return false;
        }

        var decoded = new byte[length];
        if (!Convert.TryFromBase64String(text, decoded, out var written) || written != length
            || Convert.ToBase64String(decoded) != text)
        {
            return false;
        }

        bytes = decoded;
        return true;
    }
}

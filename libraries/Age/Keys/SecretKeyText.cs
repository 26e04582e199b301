using System.Diagnostics.CodeAnalysis;

namespace StellaOps.Backup.Age.Keys;

/// <summary>Secret keys as text: Bech32 in upper case.</summary>
internal static class SecretKeyText
{
    public static string Encode(string prefix, byte[] secret) => Bech32.Encode(prefix, secret).ToUpperInvariant();

    public static bool TryDecode(string text, string prefix, int length, [NotNullWhen(true)] out byte[]? secret)
    {
        secret = null;
        return !text.Any(char.IsAsciiLetterLower) && Bech32.TryDecode(text, out var found, out secret)
            && found == prefix && secret.Length == length;
    }
}

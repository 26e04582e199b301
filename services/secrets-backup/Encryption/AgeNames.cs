using System.Text;
using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.SecretsBackup.Encryption;

/// <summary>Names of encrypted files.</summary>
internal static class AgeNames
{
    /// <summary>The list of recipients, at the top of a snapshot: the one file that is not encrypted.</summary>
    public const string RecipientsFile = "RECIPIENTS.txt";

    public const string Suffix = ".age";

    private static ReadOnlySpan<byte> SuffixBytes => ".age"u8;

    public static EntryName Encrypted(EntryName plain) => new([.. plain.Bytes, .. SuffixBytes]);

    /// <summary>The name without the suffix; null for a name that is not that of an encrypted file.</summary>
    public static EntryName? Plain(EntryName encrypted) =>
        encrypted.Bytes.Length > Suffix.Length && encrypted.Bytes.EndsWith(SuffixBytes)
            ? new EntryName(encrypted.Bytes[..^Suffix.Length])
            : null;

    /// <summary>A path for people, without the suffix.</summary>
    public static string Plain(string path) =>
        path.EndsWith(Suffix, StringComparison.Ordinal) ? path[..^Suffix.Length] : path;
}

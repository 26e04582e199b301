using System.Security.Cryptography;
using System.Text;
using StellaOps.Backup.Age;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.SecretsBackup.Settings;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.SecretsBackup.Recipients;

/// <summary>The custodians to whom a component is encrypted: each can open every file alone.</summary>
internal sealed class RecipientList
{
    private const string TagPrefix = "stella.recipients=";
    private const string Mixed = "partly post-quantum keys (age1pq1…) and partly not";

    /// <summary>Hexadecimal digits of the tag; enough to tell sets of recipients apart, which is not a matter of security.</summary>
    private const int TagDigits = 32;

    private RecipientList(IEnumerable<IRecipient> keys)
    {
        var ordered = keys.DistinctBy(Name).OrderBy(Name, StringComparer.Ordinal).ToList();
        Names = [.. ordered.Select(Name)];
        Encryption = new AgeEncryption(ordered);
        Tag = TagPrefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(string.Join('\n', Names))))[..TagDigits];
        StanzaType = ordered[0] is HybridRecipient ? HybridRecipient.StanzaType : X25519Recipient.StanzaType;
    }

    /// <summary><c>age1…</c>, each once, in a fixed order.</summary>
    public IReadOnlyList<string> Names { get; }

    public AgeEncryption Encryption { get; }

    /// <summary>Tag of the snapshots for exactly these recipients. A parent with another one must not lend its files.</summary>
    public string Tag { get; }

    /// <summary>Type of the stanza that each recipient has in the header of every file.</summary>
    public string StanzaType { get; }

    /// <summary>What stands beside the files in a snapshot, for whoever finds it without this product.</summary>
    public string Describe() =>
        "# Every file here is encrypted with age (https://age-encryption.org) to each of these recipients.\n"
        + "# One identity is enough: age -d -i identity.txt -o FILE FILE.age\n"
        + string.Concat(Names.Select(name => name + "\n"));

    /// <summary>The list that a snapshot holds (<see cref="Describe"/>).</summary>
    /// <exception cref="AgeException">It is not one.</exception>
    public static RecipientList Read(string described) => new(AgeKeyFile.ParseRecipients(described));

    /// <exception cref="BackupException"><see cref="ErrorCodes.NotConfigured"/>: no recipients, or one that is not valid.</exception>
    public static async Task<RecipientList> LoadAsync(Component component, SecretsSettings settings, CancellationToken cancellationToken)
    {
        var section = ComponentSettings.Section(component);
        List<IRecipient> keys = [];
        if (settings.Recipients.Count > 0)
        {
            keys.AddRange(Parse($"{section}:Recipients", string.Join('\n', settings.Recipients)));
        }

        if (settings.RecipientsFile is { Length: > 0 } file)
        {
            keys.AddRange(Parse($"{section}:RecipientsFile", await ReadAsync(section, file, cancellationToken)));
        }

        if (keys.Count == 0)
        {
            throw new BackupException(
                ErrorCodes.NotConfigured,
                $"no recipients are configured for {component.Name()}, and without one nobody could ever decrypt the backup",
                $"Let each custodian run 'age-keygen -o identity.txt', and put the public keys into {section}:Recipients (docs/secrets.md).");
        }

        if (AreMixed(keys))
        {
            throw new BackupException(
                ErrorCodes.NotConfigured, $"the recipients of {component.Name()} are {Mixed}",
                "The weakest recipient decides: use one kind for all custodians.");
        }

        return new RecipientList(keys);
    }

    /// <summary>What is wrong with recipients of the settings; null when nothing is, and for none: they may be in a file.</summary>
    public static string? Problem(IReadOnlyList<string> recipients)
    {
        try
        {
            return recipients.Count > 0 && AreMixed(AgeKeyFile.ParseRecipients(string.Join('\n', recipients))) ? $"they are {Mixed}: use one kind" : null;
        }
        catch (AgeException invalid)
        {
            return $"{invalid.Message}; wanted are public keys as 'age-keygen -y identity.txt' prints them";
        }
    }

    private static bool AreMixed(IEnumerable<IRecipient> keys) => keys.Select(key => key.GetType()).Distinct().Count() > 1;

    private static string Name(IRecipient key) => key.ToString()!;

    private static IReadOnlyList<IRecipient> Parse(string setting, string text)
    {
        try
        {
            return AgeKeyFile.ParseRecipients(text);
        }
        catch (AgeException invalid)
        {
            throw new BackupException(
                ErrorCodes.NotConfigured, $"setting {setting} is wrong: {invalid.Message}",
                "Use public keys as 'age-keygen -y identity.txt' prints them, one each.", invalid);
        }
    }

    private static async Task<string> ReadAsync(string section, string file, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllTextAsync(file, cancellationToken);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new BackupException(
                ErrorCodes.NotConfigured, $"the file of setting {section}:RecipientsFile cannot be read: {unreadable.Message}",
                $"Create {file} with one recipient a line, or correct the setting.", unreadable);
        }
    }
}

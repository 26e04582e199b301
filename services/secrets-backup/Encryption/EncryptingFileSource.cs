using System.Text;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.SecretsBackup.Recipients;

namespace StellaOps.Backup.SecretsBackup.Encryption;

/// <summary>
/// Another source's tree with every regular file as an age file, <c>db.env</c> as <c>db.env.age</c>. The metadata stays that
/// of the plaintext file, so that an unchanged file is recognised and not encrypted anew; the size is that of the
/// ciphertext, which is known before it is made. Plaintext exists in the buffers of open files only.
/// </summary>
internal sealed class EncryptingFileSource : IFileSource
{
    /// <summary>The list of recipients, at the top of the snapshot.</summary>
    public const string RecipientsFile = "RECIPIENTS.txt";

    public const string Suffix = ".age";

    private readonly IFileSource _plain;
    private readonly RecipientList _recipients;
    private readonly byte[] _description;

    public EncryptingFileSource(IFileSource plain, RecipientList recipients)
    {
        _plain = plain;
        _recipients = recipients;
        _description = Encoding.UTF8.GetBytes(recipients.Describe());
        Root = plain.Root with { Handle = plain.Root };
    }

    public SourceEntry Root { get; }

    public async ValueTask<IReadOnlyList<SourceEntry>> ListAsync(SourceEntry directory, CancellationToken cancellationToken)
    {
        var listed = await _plain.ListAsync(Plain(directory), cancellationToken);
        var taken = listed.Where(entry => entry.Type != NodeType.File).Select(entry => entry.Name).ToHashSet();
        List<SourceEntry> entries = [.. listed.Select(entry => Rename(entry, taken))];
        if (ReferenceEquals(directory, Root))
        {
            entries.Add(DescribeRecipients());
        }

        return entries;
    }

    public async ValueTask<IFileContent> OpenAsync(SourceEntry file, CancellationToken cancellationToken) =>
        file.Handle is SourceEntry plain
            ? new EncryptedContent(await _plain.OpenAsync(plain, cancellationToken), _recipients.Encryption, Rename)
            : new TextContent(file, _description);

    public void Unchanged(SourceEntry file)
    {
        if (file.Handle is SourceEntry plain)
        {
            _plain.Unchanged(plain);
        }
    }

    private static SourceEntry Plain(SourceEntry entry) => (SourceEntry)entry.Handle!;

    /// <summary>A directory or link that has the name which an encrypted file gets would make two entries of one name.</summary>
    private SourceEntry Rename(SourceEntry plain, HashSet<EntryName> taken)
    {
        var renamed = Rename(plain);
        return plain.Type == NodeType.File && taken.Contains(renamed.Name)
            ? plain with { Failure = new SourceException($"it cannot be saved as {renamed.Name}, for that is the name of something else here") }
            : renamed;
    }

    private SourceEntry Rename(SourceEntry plain) => plain.Type == NodeType.File && plain.Failure is null
        ? plain with
        {
            Name = new EntryName([.. plain.Name.Bytes, .. Encoding.UTF8.GetBytes(Suffix)]),
            Size = _recipients.Encryption.CiphertextLength(plain.Size),
            Handle = plain,
        }
        : plain with { Handle = plain };

    /// <summary>Without a time of its own, so that unchanged secrets give an unchanged tree; always read, for it is tiny.</summary>
    private SourceEntry DescribeRecipients() => new()
    {
        Name = new EntryName(RecipientsFile),
        Type = NodeType.File,
        Metadata = new NodeMetadata { Permissions = 0x124, Modified = default },
        Size = _description.Length,
        TrustMetadata = false,
    };
}

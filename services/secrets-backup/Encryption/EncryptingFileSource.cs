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
    private readonly IFileSource _plain;
    private readonly RecipientList _recipients;
    private readonly byte[] _description;
    private long _plainBytes;

    public EncryptingFileSource(IFileSource plain, RecipientList recipients)
    {
        _plain = plain;
        _recipients = recipients;
        _description = Encoding.UTF8.GetBytes(recipients.Describe());
        Root = plain.Root with { Handle = new PlainEntry(plain.Root) };
    }

    public SourceEntry Root { get; }

    /// <summary>Bytes of plaintext of all files that were read or found unchanged.</summary>
    public long PlainBytes => Interlocked.Read(ref _plainBytes);

    public async ValueTask<IReadOnlyList<SourceEntry>> ListAsync(SourceEntry directory, CancellationToken cancellationToken)
    {
        var listed = await _plain.ListAsync(((PlainEntry)directory.Handle!).Entry, cancellationToken);
        var taken = listed.Where(entry => entry.Type != NodeType.File).Select(entry => entry.Name).ToHashSet();
        List<SourceEntry> entries = [.. listed.Select(entry => Rename(entry, taken))];
        if (ReferenceEquals(directory, Root))
        {
            entries.Add(DescribeRecipients());
        }

        return entries;
    }

    public async ValueTask<IFileContent> OpenAsync(SourceEntry file, CancellationToken cancellationToken)
    {
        if (file.Handle is not PlainEntry plain)
        {
            return new TextContent(file, _description);
        }

        var content = await _plain.OpenAsync(plain.Entry, cancellationToken);
        return new EncryptedContent(content, _recipients.Encryption, read =>
        {
            Count(plain, read.Size);
            return Rename(read);
        });
    }

    public void Unchanged(SourceEntry file)
    {
        if (file.Handle is PlainEntry plain)
        {
            _plain.Unchanged(plain.Entry);
            Count(plain, plain.Entry.Size);
        }
    }

    /// <summary>A file that is read again because it changed counts once.</summary>
    private void Count(PlainEntry plain, long size)
    {
        Interlocked.Add(ref _plainBytes, size - plain.CountedBytes);
        plain.CountedBytes = size;
    }

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
            Name = AgeNames.Encrypted(plain.Name),
            Size = _recipients.Encryption.CiphertextLength(plain.Size),
            Handle = new PlainEntry(plain),
        }
        : plain with { Handle = new PlainEntry(plain) };

    /// <summary>Without a time of its own, so that unchanged secrets give an unchanged tree; always read, for it is tiny.</summary>
    private SourceEntry DescribeRecipients() => new()
    {
        Name = new EntryName(AgeNames.RecipientsFile),
        Type = NodeType.File,
        Metadata = new NodeMetadata { Permissions = 0x124, Modified = default },
        Size = _description.Length,
        TrustMetadata = false,
    };

    /// <summary>The entry of the other source behind one of this.</summary>
    private sealed class PlainEntry(SourceEntry entry)
    {
        public SourceEntry Entry { get; } = entry;

        /// <summary>What of the file is in <see cref="PlainBytes"/>. One reader at a time has the file.</summary>
        public long CountedBytes { get; set; }
    }
}

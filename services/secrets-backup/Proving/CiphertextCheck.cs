using System.Collections.Concurrent;
using System.Text;
using StellaOps.Backup.Age;
using StellaOps.Backup.Age.Format;
using StellaOps.Backup.Age.Streams;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository.Trees;
using StellaOps.Backup.SecretsBackup.Encryption;
using StellaOps.Backup.SecretsBackup.Recipients;
using StellaOps.Backup.SecretsBackup.Restoring;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.SecretsBackup.Proving;

/// <summary>Everything that can be checked of a snapshot without an identity.</summary>
internal sealed class CiphertextCheck(SavedSecrets saved)
{
    /// <summary>By what a file holds and not by its path, which does not tell names apart that are not UTF-8: equal ciphertexts have equal lengths.</summary>
    private readonly ConcurrentDictionary<string, long> _plainLengths = new(StringComparer.Ordinal);

    /// <summary>Bytes that a file must have when it is decrypted. To be asked after <see cref="RunAsync"/>.</summary>
    public long PlainLength(Node file) => _plainLengths[ContentOf(file)];

    /// <summary>
    /// Reads and authenticates every blob, parses every header, and compares number and kind of its stanzas with the recipients, and lengths. Whose stanza one is, only
    /// an identity shows.
    /// </summary>
    /// <returns>The recipients that the snapshot names.</returns>
    /// <exception cref="BackupException"><see cref="ErrorCodes.ProofFailed"/>.</exception>
    public async Task<RecipientList> RunAsync(TaskProgressMeter progress, CancellationToken cancellationToken)
    {
        var recipients = await ReadRecipientsAsync(cancellationToken);
        await Parallel.ForEachAsync(saved.Files, cancellationToken, async (file, token) =>
        {
            await CheckAsync(file, recipients, token);
            progress.Add(1, file.Node.Size);
        });
        return recipients;
    }

    private async Task<RecipientList> ReadRecipientsAsync(CancellationToken cancellationToken)
    {
        var node = await new TreeReader(saved.Repository.Blobs).FindAsync(saved.Snapshot.Tree, "/" + AgeNames.RecipientsFile, cancellationToken)
            ?? throw Failed($"the snapshot has no {AgeNames.RecipientsFile}");
        var text = new MemoryStream();
        await using (var content = saved.Open(node))
        {
            await content.CopyToAsync(text, cancellationToken);
        }

        try
        {
            var recipients = RecipientList.Read(Encoding.UTF8.GetString(text.ToArray()));
            return saved.Snapshot.Tags?.Contains(recipients.Tag) == true
                ? recipients
                : throw Failed($"{AgeNames.RecipientsFile} names other recipients than the tags of the snapshot");
        }
        catch (AgeException invalid)
        {
            throw Failed($"{AgeNames.RecipientsFile} cannot be read: {invalid.Message}");
        }
    }

    private async Task CheckAsync(TreeEntry file, RecipientList recipients, CancellationToken cancellationToken)
    {
        AgeHeader header;
        await using (var start = saved.Open(file.Node))
        {
            try
            {
                header = await AgeHeader.ReadAsync(start, cancellationToken);
            }
            catch (AgeException invalid)
            {
                throw Failed($"{file.Path} is not an age file: {invalid.Message}");
            }

            await start.CopyToAsync(Stream.Null, cancellationToken);
        }

        if (header.Stanzas.Count != recipients.Names.Count || header.Stanzas.Any(stanza => stanza.Type != recipients.StanzaType))
        {
            throw Failed(
                $"{file.Path} has {header.Stanzas.Count} stanzas ({string.Join(", ", header.Stanzas.Select(stanza => stanza.Type).Distinct())}), "
                + $"{AgeNames.RecipientsFile} names {recipients.Names.Count} recipients ({recipients.StanzaType})");
        }

        _plainLengths[ContentOf(file.Node)] = AgePayload.PlaintextLength(file.Node.Size - header.Length)
            ?? throw Failed($"{file.Path} has a length that no age file has: {file.Node.Size} bytes");
    }

    private static string ContentOf(Node file) => string.Join(' ', file.Content);

    private static BackupException Failed(string why) => new(ErrorCodes.ProofFailed, why);
}

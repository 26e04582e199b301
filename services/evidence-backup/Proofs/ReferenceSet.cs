using System.Collections.Concurrent;
using System.Security.Cryptography;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Workers.Comparison;

namespace StellaOps.Backup.EvidenceBackup.Proofs;

/// <summary>
/// The evidence files that a database refers to, by digests (<see cref="EvidenceReferences"/>), ticked off one by one.
/// Memory: about 100 bytes a reference.
/// </summary>
internal sealed class ReferenceSet
{
    /// <summary>Bytes of one read.</summary>
    private const int Batch = 16384 * EvidenceReferences.RecordLength;
    private readonly ConcurrentDictionary<BlobId, BlobId> _open = new();
    private long _mismatched, _hashed;

    /// <summary>Different paths that the database refers to.</summary>
    public long Count { get; private set; }

    /// <summary>References to files that were not seen.</summary>
    public long Missing => _open.Count;

    /// <summary>References to files whose content is not what the database says.</summary>
    public long Mismatched => Interlocked.Read(ref _mismatched);

    /// <summary>How many were compared by content, for a human.</summary>
    public string HashNote => _hashed == 0 ? "" : $", {_hashed} of them with the content that it recorded";

    /// <summary>Reads the lists, one for each cluster; null when one of them is not there.</summary>
    public static async Task<ReferenceSet?> ReadAsync(IObjectStore location, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        var references = new ReferenceSet();
        foreach (var key in keys)
        {
            if (!await references.ReadAsync(location, key, cancellationToken))
            {
                return null;
            }
        }

        references.Count = references._open.Count;
        return references;
    }

    /// <returns>False when the list is not there.</returns>
    private async Task<bool> ReadAsync(IObjectStore location, string key, CancellationToken cancellationToken)
    {
        if (await location.FindAsync(key, cancellationToken) is not { } found)
        {
            return false;
        }

        if (found.Length % EvidenceReferences.RecordLength != 0)
        {
            throw new BackupException(ErrorCodes.Damaged, $"the list of references {key} has {found.Length} bytes, which is not a multiple of {EvidenceReferences.RecordLength}");
        }

        var buffer = new byte[Math.Min(Batch, found.Length)];
        for (long offset = 0; offset < found.Length;)
        {
            var read = await location.ReadAsync(key, offset, buffer, cancellationToken);
            var whole = read - (read % EvidenceReferences.RecordLength);
            Add(buffer.AsSpan(0, whole));
            offset += whole > 0 ? whole : throw new BackupException(ErrorCodes.Damaged, $"the list of references {key} ends too early");
        }

        return true;
    }

    /// <summary>A file of the locker, with the SHA-256 of its content. Safe from any thread.</summary>
    public void Found(RelativePath path, ReadOnlyMemory<byte> sha256)
    {
        if (_open.TryRemove(new BlobId(SHA256.HashData(path.ToBytes())), out var wanted) && wanted != default)
        {
            Interlocked.Increment(ref _hashed);
            if (wanted != new BlobId(sha256.Span))
            {
                Interlocked.Increment(ref _mismatched);
            }
        }
    }

    private void Add(ReadOnlySpan<byte> records)
    {
        for (; records.Length > 0; records = records[EvidenceReferences.RecordLength..])
        {
            var path = new BlobId(records[..BlobId.Length]);
            var content = new BlobId(records[BlobId.Length..EvidenceReferences.RecordLength]);
            if (!_open.TryAdd(path, content) && content != default)
            {
                AddAgain(path, content);
            }
        }
    }

    /// <summary>Two rows for one path: with two contents, at least one of them is wrong.</summary>
    private void AddAgain(BlobId path, BlobId content)
    {
        var before = _open[path];
        if (before == default)
        {
            _open[path] = content;
        }
        else if (before != content)
        {
            _mismatched++;
        }
    }
}

using System.Text.Json;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Pruning;

/// <summary>A file of <c>stella/pending/</c>: packs that no index file names since a time, waiting to be deleted.</summary>
internal sealed record PendingJson
{
    public DateTimeOffset MarkedAt { get; init; }
    public IReadOnlyList<BlobId>? Packs { get; init; }
}

/// <summary>
/// The marks of all pending packs. A mark counts only while no index file names its pack: what was put back into the index, or never
/// left it because a prune died, is marked anew, with a new time.
/// </summary>
internal sealed class PendingPacks(UnpackedFiles files)
{
    /// <summary>Packs in one file: 7 MB of JSON.</summary>
    private const int MostPacks = 100_000;

    private readonly Dictionary<BlobId, PendingJson> _lists = [];

    /// <summary>Reads all marks; those that cannot be read do not count, and go.</summary>
    internal async Task ReadAsync(CancellationToken cancellationToken)
    {
        _lists.Clear();
        await foreach (var (id, _) in files.ListAsync(FileKind.Pending, cancellationToken).ConfigureAwait(false))
        {
            _lists[id] = await LoadAsync(id, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>When each pack was marked, the latest where there are several marks.</summary>
    internal Dictionary<BlobId, DateTimeOffset> Times()
    {
        var times = new Dictionary<BlobId, DateTimeOffset>();
        foreach (var list in _lists.Values)
        {
            foreach (var pack in list.Packs!)
            {
                times[pack] = times.TryGetValue(pack, out var known) && known > list.MarkedAt ? known : list.MarkedAt;
            }
        }

        return times;
    }

    /// <summary>Drops the marks of packs that do not wait (any more).</summary>
    internal async Task KeepOnlyAsync(Func<BlobId, bool> waits, CancellationToken cancellationToken)
    {
        foreach (var (id, list) in _lists.ToList())
        {
            var packs = list.Packs!.Where(waits).ToList();
            if (packs.Count == list.Packs!.Count && packs.Count > 0)
            {
                continue;
            }

            if (packs.Count > 0)
            {
                await SaveAsync(list with { Packs = packs }, cancellationToken).ConfigureAwait(false);
            }

            // Durable now: what stays of the list. A crash here leaves it twice, with the same time.
            await files.DeleteAsync(FileKind.Pending, id, cancellationToken).ConfigureAwait(false);
            _lists.Remove(id);
        }
    }

    /// <summary>Marks packs that no index file names any more.</summary>
    internal async Task MarkAsync(IEnumerable<BlobId> packs, DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (var part in packs.Chunk(MostPacks))
        {
            await SaveAsync(new PendingJson { MarkedAt = now, Packs = part }, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task SaveAsync(PendingJson list, CancellationToken cancellationToken)
    {
        var id = await files.SaveAsync(FileKind.Pending, JsonSerializer.SerializeToUtf8Bytes(list, RepositoryJson.Default.PendingJson), cancellationToken).ConfigureAwait(false);
        _lists[id] = list;
    }

    private async Task<PendingJson> LoadAsync(BlobId id, CancellationToken cancellationToken)
    {
        try
        {
            var list = JsonSerializer.Deserialize(await files.LoadAsync(FileKind.Pending, id, cancellationToken).ConfigureAwait(false), RepositoryJson.Default.PendingJson);
            return list is { Packs: not null } ? list : new PendingJson { Packs = [] };
        }
        catch (Exception exception) when (exception is JsonException or RepositoryException or StorageException { Failure: StorageFailure.NotFound })
        {
            return new PendingJson { Packs = [] };
        }
    }
}

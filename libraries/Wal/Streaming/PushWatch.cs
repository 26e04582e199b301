using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Manifests;

namespace StellaOps.Backup.Wal.Streaming;

/// <summary>
/// Where the server pushes its WAL by <c>archive_command</c>: takes what was written beside each pushed segment into the manifests, and keeps the
/// state. One worker for each cluster does it.
/// </summary>
internal sealed class PushWatch(ClusterArchive cluster, uint timeline, WalArchiverOptions options, ArchiverState state, TimeProvider clock, IWalJournal journal)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);
    private readonly HashSet<string> _taken = [];

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await TakeAsync(cancellationToken).ConfigureAwait(false);
                state.StoreWorks();
            }
            catch (StorageException failure)
            {
                if (state.StoreFailed(failure.Message))
                {
                    journal.Warning($"pushed WAL cannot be looked at now: {failure.Message}");
                }
            }

            await Task.Delay(options.ScrubInterval < Pause ? options.ScrubInterval : Pause, clock, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task TakeAsync(CancellationToken cancellationToken)
    {
        await cluster.EnterAsync(timeline, cancellationToken).ConfigureAwait(false);
        var location = cluster.Archive.Location;
        var keys = cluster.Archive.Keys;
        var closed = new List<string>();
        await foreach (var found in location.ListAsync(keys.PushedFolder(timeline), cancellationToken).ConfigureAwait(false))
        {
            if (!WalName.TryParse(Path.GetFileNameWithoutExtension(found.Key), out var name))
            {
                continue;
            }

            if (cluster.Book.IsClosed(name))
            {
                closed.Add(found.Key);
            }
            else if (!_taken.Contains(found.Key) && await ReadAsync(location, found.Key, cancellationToken).ConfigureAwait(false) is { } pushed)
            {
                Take(name, pushed.Entry);
                _taken.Add(found.Key);
            }
        }

        await cluster.Book.CloseAsync(options.ManifestInterval, cancellationToken).ConfigureAwait(false);
        await cluster.SaveStateAsync(timeline, PushedTo(), cancellationToken).ConfigureAwait(false);

        // Only what a manifest that was durable before the listing holds: a crash leaves documents that the next look removes.
        foreach (var key in closed)
        {
            await location.DeleteAsync(key, cancellationToken).ConfigureAwait(false);
            _taken.Remove(key);
        }
    }

    private void Take(WalName name, SegmentEntry entry)
    {
        cluster.Book.Add(entry);
        lock (cluster.Inventory)
        {
            cluster.Inventory.Add(new ArchivedSegment(name, entry.Digest, cluster.Archive.Keys.Segment(name, entry.Digest), entry.Length));
        }
    }

    /// <summary>The server pushes one after the other: everything before the end of the newest is there, or is a gap.</summary>
    private Lsn PushedTo()
    {
        lock (cluster.Inventory)
        {
            var newest = cluster.Inventory.Segments.Keys.Where(name => name.Timeline == timeline).Max(cluster.Files.NumberOf);
            return newest is { } number ? cluster.Files.StartOf(number + 1) : new Lsn(0);
        }
    }

    private static async Task<PushedSegment?> ReadAsync(IObjectStore location, string key, CancellationToken cancellationToken)
    {
        const int largest = 1 << 20;
        try
        {
            return WalJson.TryRead<PushedSegment>(await location.ReadAllAsync(key, largest, cancellationToken).ConfigureAwait(false));
        }
        catch (StorageException gone) when (gone.Failure == StorageFailure.NotFound)
        {
            return null;
        }
    }
}

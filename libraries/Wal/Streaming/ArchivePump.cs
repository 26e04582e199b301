using System.Threading.Channels;
using StellaOps.Backup.Age;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Manifests;
using StellaOps.Backup.Wal.Spool;

namespace StellaOps.Backup.Wal.Streaming;

/// <summary>
/// From the spool into the archive: one task syncs whole segments, a few compress, encrypt and store them. A store that fails is tried
/// again for ever; meanwhile segments wait in the spool, and behind it in the server.
/// </summary>
internal sealed class ArchivePump(
    WalSpool spool, WalArchive archive, WalInventory inventory, WalFiles files, ManifestBook book, AgeEncryption encryption,
    int writers, ArchiverState state, TimeProvider clock, IWalJournal journal)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250), LongestPause = TimeSpan.FromSeconds(15);

    /// <summary>Room for what is synced and not taken: small, so that memory does not depend on the backlog.</summary>
    private readonly Channel<SpoolSegment> _synced = Channel.CreateBounded<SpoolSegment>(16);

    /// <summary>The first one that the archive refused.</summary>
    private SpoolSegment? _refused;

    /// <summary>Runs until it is cancelled.</summary>
    /// <exception cref="WalException"><see cref="WalFailure.Conflict"/>.</exception>
    /// <exception cref="IOException">The spool's disk failed.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var all = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task> tasks = [Task.Run(() => SyncAsync(all.Token), all.Token)];
        for (var writer = 0; writer < writers; writer++)
        {
            tasks.Add(Task.Run(() => WriteAsync(all.Token), all.Token));
        }

        var first = await Task.WhenAny(tasks).ConfigureAwait(false);
        await all.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            await first.ConfigureAwait(false);
        }
        catch (WalException other) when (other.Failure == WalFailure.Conflict && _refused is { } segment)
        {
            // Only now, when no other task works on what comes behind it.
            throw new WalException(WalFailure.Conflict, $"{other.Message}; what it wrote is kept as {spool.SetAside(segment)}", other, other.Remedy);
        }
    }

    private async Task SyncAsync(CancellationToken cancellationToken)
    {
        await foreach (var segment in spool.Whole.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            await _synced.Writer.WriteAsync(spool.Seal(segment), cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        using var sealer = new WalSealer(encryption);
        var plain = GC.AllocateUninitializedArray<byte>((int)files.SegmentSize);
        await foreach (var segment in _synced.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            await ReadAsync(segment.Path, plain, cancellationToken).ConfigureAwait(false);
            try
            {
                await ArchiveAsync(segment, plain, sealer, cancellationToken).ConfigureAwait(false);
            }
            catch (WalException other) when (other.Failure == WalFailure.Conflict)
            {
                Interlocked.CompareExchange(ref _refused, segment, null);
                throw;
            }
        }
    }

    private async Task ArchiveAsync(SpoolSegment segment, byte[] plain, WalSealer sealer, CancellationToken cancellationToken)
    {
        if (SegmentCheck.Problem(plain, segment.Name, archive.Keys.SystemIdentifier) is { } problem)
        {
            throw new WalException(WalFailure.Invalid, $"{segment.Path} is not archived: {problem}");
        }

        var content = sealer.Seal(plain);
        RefuseOther(segment.Name, content.Digest, plain);
        var (stored, storedDigest) = await StoreAsync(segment.Name, content, cancellationToken).ConfigureAwait(false);

        // Durable now: the segment in the archive. Its file in the spool and its tails are needless from here on.
        book.Add(SegmentEntries.Of(stored, storedDigest, WalScanner.Scan(plain, segment.Start)));
        IReadOnlyList<ArchivedTail> tails;
        lock (inventory)
        {
            tails = inventory.Tails(segment.Name);
            inventory.Add(stored);
        }

        state.Archived(plain.Length, stored.Length, whole: true);
        spool.Remove(segment);
        await RemoveTailsAsync(tails, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Before anything is stored, or removed because it is in the whole segment: what the archive was listed with, and this process added.</summary>
    private void RefuseOther(WalName name, string digest, ReadOnlySpan<byte> plain)
    {
        IReadOnlyList<ArchivedTail> tails;
        lock (inventory)
        {
            if (inventory.Segments.TryGetValue(name, out var present) && present.Digest != digest)
            {
                throw WalConflict.Other(archive.Keys.SystemIdentifier, $"segment {name}");
            }

            tails = inventory.Tails(name);
        }

        WalConflict.RequireParts(archive.Keys.SystemIdentifier, tails, plain);
    }

    private async Task<(ArchivedSegment Segment, string? StoredDigest)> StoreAsync(WalName name, SealedWal content, CancellationToken cancellationToken)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                // A second copy of the cluster may have stored its own since the archive was listed: keys hold the digest, so no put would fail.
                var (present, _) = await archive.FindAsync(name, cancellationToken).ConfigureAwait(false);
                if (present.Any(segment => segment.Digest != content.Digest))
                {
                    throw WalConflict.Other(archive.Keys.SystemIdentifier, $"segment {name}");
                }

                var stored = await archive.PutSegmentAsync(name, content, cancellationToken).ConfigureAwait(false);
                state.StoreWorks();
                return stored;
            }
            catch (StorageException failure)
            {
                if (state.StoreFailed(failure.Message))
                {
                    journal.Warning($"WAL cannot be stored, and is tried again until it is: {failure.Message}");
                }

                await Task.Delay(pause, clock, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task RemoveTailsAsync(IReadOnlyList<ArchivedTail> tails, CancellationToken cancellationToken)
    {
        try
        {
            await archive.RemoveAsync(tails, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException failure)
        {
            journal.Warning($"tails of a finished segment are left for the next scrub: {failure.Message}");
        }
    }

    private static async Task ReadAsync(string path, Memory<byte> plain, CancellationToken cancellationToken)
    {
        using var handle = File.OpenHandle(path);
        for (var at = 0; at < plain.Length;)
        {
            var read = await RandomAccess.ReadAsync(handle, plain[at..], at, cancellationToken).ConfigureAwait(false);
            at += read > 0 ? read : throw new IOException($"{path} is shorter than a segment");
        }
    }
}

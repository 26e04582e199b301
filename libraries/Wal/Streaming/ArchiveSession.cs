using Npgsql;
using StellaOps.Backup.Age;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Replication;
using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Ledger;

namespace StellaOps.Backup.Wal.Streaming;

/// <summary>
/// One connection's worth of archiving. Acknowledges to the server what is in the archive, the tail included, so that nothing depends on this
/// host's disk. Two exceptions, in which what is durable in the spool is acknowledged: the slot is about to be lost, which would be a gap for
/// certain; and the server shuts down, which it does not before its last byte is acknowledged. With a full spool it does not even listen: the
/// server's process would hang in sending, and every checkpoint that takes the slot back, and the shutdown, would hang with it.
/// </summary>
internal sealed class ArchiveSession(
    ClusterConnection cluster, WalStream stream, ClusterArchive archive, AgeEncryption encryption, WalArchiverOptions options,
    ArchiverState state, TimeProvider clock, IWalJournal journal) : IDisposable
{
    private const int ReadLength = 256 * 1024;
    private const string UndefinedFile = "58P01";
    private static readonly TimeSpan LastShipLimit = TimeSpan.FromSeconds(5);

    private readonly Lock _acknowledging = new();
    private StartPoint _start = null!;
    private IReadOnlyList<TimelineSpan> _path = [];
    private readonly SemaphoreSlim _shipping = new(1);
    private Lsn _acknowledged;
    private bool _streaming, _full;

    /// <summary>Runs until something fails or the timeline ends.</summary>
    /// <returns>The first position that the server has, when it does not have the one that was asked for; else null.</returns>
    public async Task<Lsn?> RunAsync(ReplicationSlot? slot, Lsn? least, CancellationToken cancellationToken)
    {
        _path = (await ServerHistories.TakeAsync(cluster, archive.Archive, stream.Server.Timeline, cancellationToken).ConfigureAwait(false)).Path();
        lock (archive.Inventory)
        {
            WalConflict.RequireOne(archive.Inventory, stream.Server.Timeline);
        }

        if (slot is null)
        {
            await WatchPushesAsync(cancellationToken).ConfigureAwait(false);
            return null;
        }

        _acknowledged = slot.Restart ?? default;
        _start = Choose(slot, least);
        await new SameHistory(cluster, archive, journal).RequireAsync(stream.Server.Timeline, _start, cancellationToken).ConfigureAwait(false);
        await archive.EnterAsync(_start.Timeline, cancellationToken).ConfigureAwait(false);
        archive.LetGoOf(_acknowledged);
        archive.Spool.Begin(_start.Timeline, _start.Start);
        state.Set(status => status with { Timeline = _start.Timeline, Slot = slot, Received = _start.Start, Archived = archive.ArchivedTo, SpoolSegments = archive.Spool.Waiting });
        state.Advanced = Acknowledge;
        try
        {
            _full = archive.Spool.Waiting >= archive.Spool.Capacity;
            await RunAsync([_full ? WaitForRoomAsync : ReceiveAsync, TailAsync, WatchAsync, ScrubAsync], cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (ClusterException failure) when (failure.InnerException is PostgresException { SqlState: UndefinedFile })
        {
            return await RecordLossAsync(failure, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            state.Advanced = null;
            await FinishAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _shipping.Dispose();

    /// <summary>The server archives by itself: until it does so on another timeline.</summary>
    private async Task WatchPushesAsync(CancellationToken cancellationToken)
    {
        var timeline = stream.Server.Timeline;
        state.Set(status => status with { Activity = WalActivity.Watching, Timeline = timeline, Problem = null, Remedy = null, IsConflict = false });
        var server = new PushingServer(cluster, stream, archive, options, state, clock, journal);
        var pushes = new PushWatch(archive, timeline, options, state, clock, journal);
        await RunAsync([server.RunAsync, pushes.RunAsync, ScrubAsync], cancellationToken).ConfigureAwait(false);
    }

    private StartPoint Choose(ReplicationSlot slot, Lsn? least)
    {
        lock (archive.Inventory)
        {
            var whole = archive.Inventory.Segments.Keys.Concat(archive.Spool.WaitingNames);
            return StartPoint.Choose(_path, archive.Files, whole, archive.Inventory.Unfinished, slot.Restart ?? stream.Server.Position, least);
        }
    }

    /// <summary>Runs until the first one ends, then ends the others.</summary>
    private async Task RunAsync(IReadOnlyList<Func<CancellationToken, Task>> parts, CancellationToken cancellationToken)
    {
        using var all = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task> tasks = [.. parts.Select(part => Task.Run(() => part(all.Token), all.Token))];
        var first = await Task.WhenAny([.. tasks, archive.Pump]).ConfigureAwait(false);
        await all.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first.ConfigureAwait(false);
    }

    private Task<bool> ReceiveAsync(CancellationToken cancellationToken) => cluster.RunAsync(async () =>
    {
        var buffer = new byte[ReadLength];
        await foreach (var message in stream.ReadAsync(options.Slot, _start.Timeline, _start.Start, cancellationToken).ConfigureAwait(false))
        {
            if (archive.Spool.Received.Value != (ulong)message.WalStart)
            {
                throw new WalException(WalFailure.Invalid, $"the server sent WAL at {message.WalStart} where {archive.Spool.Received} comes next");
            }

            int read;
            while ((read = await message.Data.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
            {
                if (!await archive.Spool.WriteAsync(buffer.AsMemory(0, read), options.FullPatience, cancellationToken).ConfigureAwait(false))
                {
                    return false; // The next session waits for room, without a stream.
                }
            }

            if (!_streaming)
            {
                Streaming();
            }
        }

        return true;
    });

    private async Task WaitForRoomAsync(CancellationToken cancellationToken)
    {
        journal.Warning($"the spool is full, with {archive.Spool.Capacity} segments: WAL of cluster '{options.Cluster}' stays on the server until there is room");
        state.Set(status => status with { Activity = WalActivity.Full });
        await archive.Spool.WaitForRoomAsync(Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(false);
    }

    private void Streaming()
    {
        _streaming = true;
        journal.Info($"WAL of cluster '{options.Cluster}' is received from {_start.Start} on timeline {_start.Timeline}{(_start.IsNew ? ", the first of this archive" : "")}");
        state.Set(status => status with { Activity = WalActivity.Streaming, Problem = null, Remedy = null, IsConflict = false });
    }

    private async Task TailAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(options.TailInterval, clock, cancellationToken).ConfigureAwait(false);
            try
            {
                await ShipAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (StorageException failure)
            {
                if (state.StoreFailed(failure.Message))
                {
                    journal.Warning($"WAL cannot be stored, and is tried again until it is: {failure.Message}");
                }
            }
        }
    }

    private async Task ShipAsync(CancellationToken cancellationToken)
    {
        await _shipping.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await archive.Tail.ShipAsync(cancellationToken).ConfigureAwait(false);
            Acknowledge();
            await archive.Book.CloseAsync(options.ManifestInterval, cancellationToken).ConfigureAwait(false);
            await archive.SaveStateAsync(_start.Timeline, archive.ArchivedTo, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _shipping.Release();
        }
    }

    private void Acknowledge() => Acknowledge(archive.ArchivedTo);

    /// <summary>Never goes back, not even behind what an earlier session acknowledged: what was once let go may be gone, and the server takes every position for the truth.</summary>
    private void Acknowledge(Lsn position)
    {
        lock (_acknowledging)
        {
            if (position > _acknowledged)
            {
                _acknowledged = position;
                archive.LetGoOf(position);
                stream.Acknowledge(position);
            }
        }

        state.Set(status => status with { Received = archive.Spool.Received, Archived = archive.ArchivedTo, SpoolSegments = archive.Spool.Waiting });
    }

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(options.WatchInterval, clock, cancellationToken).ConfigureAwait(false);
            try
            {
                var asked = clock.GetUtcNow();
                var (position, _, _) = await ServerWal.PositionAsync(cluster, cancellationToken).ConfigureAwait(false);
                var slot = await ReplicationSlot.FindAsync(cluster, options.Slot, cancellationToken).ConfigureAwait(false);
                state.Set(status => status with { Server = position, ServerAt = asked, Slot = slot, Received = archive.Spool.Received, SpoolSegments = archive.Spool.Waiting });
                if (slot is null or { WalStatus: "lost" })
                {
                    return; // The next session makes it anew.
                }

                if (IsPressed(slot))
                {
                    journal.Warning($"replication slot '{options.Slot}' is about to be lost: it holds {slot.RetainedBytes >> 20} MiB; what is safe in the spool is acknowledged");
                    await LetGoOfAsync(slot, archive.Spool.Sync(), cancellationToken).ConfigureAwait(false);
                }
            }
            catch (ClusterException failure) when (failure.InnerException is PostgresException { SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CannotConnectNow })
            {
                await LetGoAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (ClusterException)
            {
                // The stream has a connection of its own and finds out by itself when it is gone.
            }
        }
    }

    private async Task LetGoOfAsync(ReplicationSlot slot, Lsn safe, CancellationToken cancellationToken)
    {
        if (!_full)
        {
            Acknowledge(safe);
        }
        else if (safe > slot.Restart)
        {
            lock (_acknowledging)
            {
                archive.LetGoOf(safe); // First: the server's answer may be lost.
            }

            await ReplicationSlot.AdvanceAsync(cluster, slot.Name, safe, cancellationToken).ConfigureAwait(false);
        }
    }

    private static bool IsPressed(ReplicationSlot slot) =>
        slot is { WalStatus: "unreserved" } || slot is { SafeBytes: { } safe, KeepLimit: { } limit } && safe < limit / 4;

    /// <summary>The server is shutting down and waits for the acknowledgement of its last byte.</summary>
    private async Task LetGoAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(LastShipLimit);
        try
        {
            await ShipAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is StorageException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // The spool has it, synced below.
        }

        if (archive.ArchivedTo < archive.Spool.Received)
        {
            journal.Warning("the server shuts down while WAL cannot be stored: what is safe in the spool is acknowledged");
            Acknowledge(archive.Spool.Sync());
        }
    }

    private async Task ScrubAsync(CancellationToken cancellationToken)
    {
        List<ISegmentSource> sources = [new ServerSegments(cluster)];
        if (options.ArchiveDirectory is { } directory)
        {
            sources.Add(new DirectorySegments(directory));
        }

        var scrub = new ArchiveScrub(archive, encryption, sources, state, journal);
        while (true)
        {
            try
            {
                await scrub.RunAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is StorageException or ClusterException)
            {
                journal.Warning($"the WAL archive cannot be compared with its manifests now: {failure.Message}");
            }

            await Task.Delay(options.ScrubInterval, clock, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The server has removed WAL that the archive lacks: the ledger learns of it at once, and streaming goes on behind it.</summary>
    private async Task<Lsn> RecordLossAsync(ClusterException failure, CancellationToken cancellationToken)
    {
        var names = await ServerWal.ListAsync(cluster, cancellationToken).ConfigureAwait(false);
        var numbers = names.Where(name => _path.Any(span => span.Timeline == name.Timeline)).Select(archive.Files.NumberOf).OfType<ulong>().ToHashSet();
        var first = archive.Files.NumberAt(stream.Server.Position);
        while (numbers.Contains(first - 1) && first > archive.Files.NumberAt(_start.Start) + 1)
        {
            first--;
        }

        var least = archive.Files.StartOf(first);
        foreach (var span in _path)
        {
            var start = Later(_start.Start, archive.Files.Floor(span.Begin));
            var stop = span.End is { } end && archive.Files.Floor(end) < least ? archive.Files.Floor(end) : least;
            if (start < stop)
            {
                var gap = await archive.Ledger.OpenAsync(archive.Files, new MissingRange(span.Timeline, start, stop), failure.Message, cancellationToken).ConfigureAwait(false);
                journal.Error($"WAL is lost: the server has removed {gap.FirstSegment} to {gap.LastSegment} before they were archived; take a base backup");
            }
        }

        return least;
    }

    /// <summary>The last bytes of a session are shipped now, not when the next one begins.</summary>
    private async Task FinishAsync()
    {
        using var limit = new CancellationTokenSource(LastShipLimit, clock);
        try
        {
            await ShipAsync(limit.Token).ConfigureAwait(false);
            if (archive.Spool.Waiting == 0 && archive.ArchivedTo >= archive.Spool.Received)
            {
                archive.Spool.DropCurrent();
            }
        }
        catch (Exception failure) when (failure is StorageException or OperationCanceledException or IOException)
        {
            // The server still has them, and so has the spool.
        }
    }

    private static Lsn Later(Lsn one, Lsn two) => one > two ? one : two;
}

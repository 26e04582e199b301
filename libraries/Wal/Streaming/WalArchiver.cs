using StellaOps.Backup.Age;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Replication;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal.Spool;

namespace StellaOps.Backup.Wal.Streaming;

/// <summary>
/// Archives the WAL of one cluster for as long as it is let: connects, waits while another worker has the slot, streams, and begins again
/// after every failure where the archive ends. Nothing that it remembers is needed for that.
/// </summary>
public sealed class WalArchiver(
    ClusterConnection cluster, IObjectStore location, AgeEncryption encryption, WalArchiverOptions options, TimeProvider clock, IWalJournal journal)
{
    // What is committed while nobody streams would be lost with the server: one that is back is found soon.
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5), StandbyPause = TimeSpan.FromSeconds(3);

    /// <summary>A human settles a conflict, and every attempt until then lists the whole archive.</summary>
    private static readonly TimeSpan LongestConflictPause = TimeSpan.FromSeconds(30);
    private readonly ArchiverState _state = new();

    /// <summary>What the next failure is followed by; null: the first pause.</summary>
    private TimeSpan? _pause;

    /// <summary>Before what a server said to have nothing of a timeline.</summary>
    private readonly Dictionary<(ulong System, uint Timeline), Lsn> _least = [];
    private ClusterArchive? _archive;

    /// <summary>Somebody else may have added to the archive since it was listed: whoever had the slot, or a server that pushes.</summary>
    private bool _outdated;
    private volatile TaskCompletionSource _wanted = NewWish();

    /// <summary>How it stands now.</summary>
    public WalArchiverStatus Status => _state.Status;

    /// <summary>Makes the pause before the next attempt end now.</summary>
    public void TryNow() => _wanted.TrySetResult();

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await PauseAsync(await TryAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            await CloseAsync().ConfigureAwait(false);
        }
    }

    // Who wishes goes on: the attempt does not run on its thread.
    private static TaskCompletionSource NewWish() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task PauseAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        await _wanted.Task.WaitAsync(wait, clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        _wanted = NewWish();
    }

    /// <summary>One session.</summary>
    /// <returns>When to begin the next one.</returns>
    private async Task<TimeSpan> TryAsync(CancellationToken cancellationToken)
    {
        _state.Set(status => status with { Attempt = status.Attempt + 1 });
        try
        {
            var archived = await RunSessionAsync(cancellationToken).ConfigureAwait(false);
            _pause = null;
            return archived ? options.RetryPause : StandbyPause;
        }
        catch (Exception failure) when (failure is ClusterException or StorageException or WalException or IOException or UnauthorizedAccessException)
        {
            var wait = PauseAfter(failure);
            Report(failure);
            cluster.ForgetIdle();
            if (_archive?.Pump.IsFaulted == true || failure is WalException { Failure: WalFailure.Conflict })
            {
                // Whoever settles a conflict changes the archive, the server, or both: the next attempt lists it anew, and asks the server anew.
                _least.Clear();
                await CloseAsync().ConfigureAwait(false);
            }

            return wait;
        }
    }

    /// <summary>Short again only after a session that archived, and not before one that lists the archive anew. Asked before the failure is reported.</summary>
    private TimeSpan PauseAfter(Exception failure)
    {
        var isConflict = failure is WalException { Failure: WalFailure.Conflict };
        if (!isConflict && _archive?.Pump.IsFaulted != true && Status.Activity is WalActivity.Streaming or WalActivity.Full or WalActivity.Watching)
        {
            _pause = null;
        }

        var longest = isConflict ? LongestConflictPause : LongestPause;
        var next = _pause ?? options.RetryPause;
        var wait = next < longest ? next : longest;
        _pause = wait * 2;
        return wait;
    }

    /// <summary>False when another worker is at work.</summary>
    private async Task<bool> RunSessionAsync(CancellationToken cancellationToken)
    {
        var stream = await WalStream.OpenAsync(cluster, cancellationToken).ConfigureAwait(false);
        await using var _ = stream.ConfigureAwait(false);
        var server = stream.Server;
        var asked = clock.GetUtcNow();
        var (position, segmentSize, _) = await ServerWal.PositionAsync(cluster, cancellationToken).ConfigureAwait(false);
        _state.Set(status => status with { SystemIdentifier = server.SystemIdentifier, Server = position, ServerAt = asked });
        var slot = options.Stream ? await UsableSlotAsync(cancellationToken).ConfigureAwait(false) : null;
        if (slot?.Active == true)
        {
            await ArchiveLeftAsync(server.SystemIdentifier, segmentSize, cancellationToken).ConfigureAwait(false);
            _outdated = true;
        }

        if (slot?.Active == true || await OpenAsync(server.SystemIdentifier, segmentSize, cancellationToken).ConfigureAwait(false) is not { } archive)
        {
            _state.Set(status => status with { Activity = WalActivity.Standby, Slot = slot, Problem = null, Remedy = null, IsConflict = false });
            return false;
        }

        using var session = new ArchiveSession(cluster, stream, archive, encryption, options, _state, clock, journal);
        var place = (server.SystemIdentifier, server.Timeline);
        try
        {
            if (await session.RunAsync(slot, LeastOf(place, archive), cancellationToken).ConfigureAwait(false) is { } available)
            {
                _least[place] = available;
            }
        }
        finally
        {
            _outdated |= !options.Stream; // The server, or the one that follows it, may have pushed since; its slot does not tell.
        }

        return true;
    }

    /// <summary>Before what the server has nothing; null when it did not say so, or when a whole segment from there on was received since: then that one says where to go on.</summary>
    private Lsn? LeastOf((ulong System, uint Timeline) place, ClusterArchive archive)
    {
        if (_least.TryGetValue(place, out var least) && archive.Spool.Received < archive.Files.StartOf(archive.Files.NumberAt(least) + 1))
        {
            return least;
        }

        _least.Remove(place);
        return null;
    }

    /// <summary>What an earlier process of this host left in the spool may have been acknowledged: nobody else has it, and it does not wait until this one gets the slot.</summary>
    private async Task ArchiveLeftAsync(ulong systemIdentifier, long segmentSize, CancellationToken cancellationToken)
    {
        if (_archive is null && EarlierSpool.HasWhole(ClusterArchive.SpoolDirectory(options, systemIdentifier)))
        {
            await OpenAsync(systemIdentifier, segmentSize, cancellationToken).ConfigureAwait(false);
        }

        if (_archive is { Pump.IsCompleted: true } ended)
        {
            await ended.Pump.ConfigureAwait(false); // What it could not archive is said, and tried again.
        }
    }

    /// <summary>The slot; one that the server has given up is made anew, and what it lost will show as a gap.</summary>
    private async Task<ReplicationSlot> UsableSlotAsync(CancellationToken cancellationToken)
    {
        var slot = await ReplicationSlot.FindAsync(cluster, options.Slot, cancellationToken).ConfigureAwait(false);

        // Also when nobody was seen at it: whoever had it has archived what it was let go of since.
        _outdated |= slot?.Restart > _archive?.LetGo;
        slot ??= await ReplicationSlot.EnsureAsync(cluster, options.Slot, cancellationToken).ConfigureAwait(false);
        if (slot is { WalStatus: "lost", Active: false })
        {
            journal.Error($"the server gave up replication slot '{slot.Name}': it held more WAL than max_slot_wal_keep_size; it is made anew");
            await ReplicationSlot.DropAsync(cluster, slot.Name, cancellationToken).ConfigureAwait(false);
            slot = await ReplicationSlot.EnsureAsync(cluster, options.Slot, cancellationToken).ConfigureAwait(false);
        }

        return slot;
    }

    private async Task<ClusterArchive?> OpenAsync(ulong systemIdentifier, long segmentSize, CancellationToken cancellationToken)
    {
        if (_archive is not null && (_outdated || _archive.Archive.Keys.SystemIdentifier != systemIdentifier || _archive.Files.SegmentSize != segmentSize))
        {
            await CloseAsync().ConfigureAwait(false);
        }

        _outdated = false;
        return _archive ??= await ClusterArchive.TryOpenAsync(
            location, encryption, options, systemIdentifier, segmentSize, _state, clock, journal, cancellationToken).ConfigureAwait(false);
    }

    private async Task CloseAsync()
    {
        if (_archive is { } archive)
        {
            _archive = null;
            await archive.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void Report(Exception failure)
    {
        if (Status.Problem != failure.Message)
        {
            var log = failure is WalException ? (Action<string>)journal.Error : journal.Warning;
            log($"WAL of cluster '{options.Cluster}' is not archived now: {failure.Message}");
        }

        _state.Set(status => status with
        {
            Activity = WalActivity.Connecting, FailedAttempt = status.Attempt, Problem = failure.Message, IsConflict = failure is WalException { Failure: WalFailure.Conflict }, Remedy = (failure as ClusterException)?.Remedy ?? (failure as WalException)?.Remedy,
        });
    }
}

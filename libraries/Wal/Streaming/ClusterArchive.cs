using StellaOps.Backup.Age;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Coverage;
using StellaOps.Backup.Wal.Ledger;
using StellaOps.Backup.Wal.Manifests;
using StellaOps.Backup.Wal.Spool;

namespace StellaOps.Backup.Wal.Streaming;

/// <summary>What an archiver keeps of one cluster from session to session: the spool, the picture of the archive, and the pump between them.</summary>
internal sealed class ClusterArchive : IAsyncDisposable
{
    private readonly WalArchiverOptions _options;
    private readonly ArchiverState _state;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _saving = new(1);
    private ArchiveState? _saved;

    private ClusterArchive(WalArchiverOptions options, ArchiverState state, TimeProvider clock, WalArchive archive, WalInventory inventory, WalSpool spool, AgeEncryption encryption)
    {
        (_options, _state, _clock) = (options, state, clock);
        (Archive, Inventory, Spool, Files) = (archive, inventory, spool, inventory.Files!);
        Book = new ManifestBook(archive.Location, inventory, options.Cluster, clock);
        Ledger = new GapLedger(archive.Location, archive.Keys, clock);
        Tail = new TailShipper(spool, archive, inventory, Files, encryption, state);
        _saved = inventory.State;
    }

    public WalArchive Archive { get; }

    /// <summary>Locked while it is used: the pump, the tail and the session change it.</summary>
    public WalInventory Inventory { get; }

    public WalSpool Spool { get; }

    public WalFiles Files { get; }

    public ManifestBook Book { get; }

    public GapLedger Ledger { get; }

    public TailShipper Tail { get; }

    /// <summary>What the server was let go of on the timeline, as far as this process knows; null before it has the slot. A slot that goes on behind it was somebody else's meanwhile.</summary>
    public Lsn? LetGo { get; private set; }

    /// <summary>Ends only by a failure, or after <see cref="DisposeAsync"/>.</summary>
    public Task Pump { get; private set; } = Task.CompletedTask;

    /// <summary>Everything before it is in the archive.</summary>
    public Lsn ArchivedTo => Tail.ShippedTo is { } shipped && Spool.ArchivedTo is var whole && shipped > whole && Spool.Waiting == 0 ? shipped : Spool.ArchivedTo;

    /// <summary>Directory of a cluster's spool.</summary>
    public static string SpoolDirectory(WalArchiverOptions options, ulong systemIdentifier) => Path.Combine(options.SpoolDirectory, $"{systemIdentifier}");

    /// <summary>Opens; null while another process of this host has the spool.</summary>
    public static async Task<ClusterArchive?> TryOpenAsync(
        IObjectStore location, AgeEncryption encryption, WalArchiverOptions options, ulong systemIdentifier, long segmentSize,
        ArchiverState state, TimeProvider clock, IWalJournal journal, CancellationToken cancellationToken)
    {
        var files = new WalFiles(segmentSize);
        if (WalSpool.TryOpen(SpoolDirectory(options, systemIdentifier), files, options.SpoolBytes) is not { } spool)
        {
            return null;
        }

        try
        {
            var inventory = await WalInventory.ReadAsync(location, systemIdentifier, segmentSize, cancellationToken).ConfigureAwait(false);
            EarlierSpool.RemoveArchived(SpoolDirectory(options, systemIdentifier), inventory.Available);
            var opened = new ClusterArchive(options, state, clock, new WalArchive(location, inventory.Keys), inventory, spool, encryption);
            state.Set(status => status with { LastCommitAt = inventory.State?.LastCommitAt, CaughtUpAt = inventory.State?.CaughtUpAt, SpoolCapacity = spool.Capacity });
            opened.Pump = new ArchivePump(spool, opened.Archive, inventory, files, opened.Book, encryption, options.Writers, state, clock, journal).RunAsync(opened._stop.Token);
            return opened;
        }
        catch
        {
            spool.Dispose();
            throw;
        }
    }

    /// <summary>Begins to archive a timeline. Where another one was left its manifests are closed first, with its unfinished segment.</summary>
    public async Task EnterAsync(uint timeline, CancellationToken cancellationToken)
    {
        if (_saved is { } last && last.Timeline != timeline)
        {
            await Book.EndAsync(last.Timeline, last.Tail is { } tail ? tail with { CaughtUpAt = last.CaughtUpAt } : null, cancellationToken).ConfigureAwait(false);
            Tail.Forget();
            LetGo = null;
        }
    }

    /// <summary>The server need not keep what is before a position, by this process or by what the slot says when it is taken.</summary>
    public void LetGoOf(Lsn position) => LetGo = LetGo > position ? LetGo : position;

    /// <summary>Writes down what the listing does not say, when it has changed.</summary>
    /// <param name="timeline">Timeline that is archived.</param>
    /// <param name="archived">Everything before it is in the archive.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task SaveStateAsync(uint timeline, Lsn archived, CancellationToken cancellationToken)
    {
        await _saving.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await SaveAsync(timeline, archived, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _saving.Release();
        }
    }

    private async Task SaveAsync(uint timeline, Lsn archived, CancellationToken cancellationToken)
    {
        (archived, var caughtUp) = Reached(timeline, archived);
        _state.Set(current => current with { CaughtUpAt = caughtUp, Archived = archived });
        var (now, open) = (_clock.GetUtcNow(), Book.Open);
        if (_saved is { } saved && saved.Timeline == timeline && saved.ArchivedTo == archived && saved.Open.Count == open.Count && now - saved.UpdatedAt < TimeSpan.FromSeconds(30))
        {
            return;
        }

        var tail = TailAt(archived);
        var newest = Latest(_state.Status.LastCommitAt, Latest(tail?.LastCommitAt, Book.LastCommitAt));
        _state.Set(current => current with { LastCommitAt = newest });
        var document = new ArchiveState
        {
            SystemIdentifier = Archive.Keys.SystemIdentifier,
            Cluster = _options.Cluster,
            SegmentSize = Files.SegmentSize,
            Timeline = timeline,
            ArchivedTo = archived,
            LastCommitAt = newest,
            CaughtUpAt = caughtUp,
            UpdatedAt = now,
            Tail = tail,
            Open = open,
        };
        await PutAsync(document, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Writes down what is about to be stored anew of a segment whose manifest is closed.</summary>
    public async Task AnnounceAsync(SegmentEntry entry, CancellationToken cancellationToken)
    {
        if (!WalName.TryParse(entry.Name, out var name) || !Book.IsClosed(name))
        {
            return;
        }

        Book.Add(entry);
        await _saving.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_saved is { } saved)
            {
                await PutAsync(saved with { Open = Book.Open }, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _saving.Release();
        }
    }

    private async Task PutAsync(ArchiveState document, CancellationToken cancellationToken)
    {
        await Archive.Location.PutAsync(Archive.Keys.State, WalJson.Write(document), PutMode.Replace, cancellationToken).ConfigureAwait(false);
        _saved = document;
        if (Spool.Waiting == 0)
        {
            _state.StoreWorks(); // While segments wait, theirs are the puts that count: a full store may have room for a document.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await Pump.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Tail.Dispose();
        Spool.Dispose();
        _stop.Dispose();
        _saving.Dispose();
    }

    /// <summary>Up to where the archive has everything, and when that was last all that the server had.</summary>
    private (Lsn Archived, DateTimeOffset? CaughtUpAt) Reached(uint timeline, Lsn archived)
    {
        var status = _state.Status;
        var caughtUp = status.CaughtUpAt;
        if (_saved is { } before && before.Timeline == timeline && before.ArchivedTo > archived)
        {
            // After a start the unfinished segment is first received again, and the archive has it all the while. Where somebody has removed objects since it has not,
            // and what it had at that time says nothing of what a recovery would find now.
            archived = HeldTo(timeline, archived, before.ArchivedTo);
            caughtUp = archived < before.ArchivedTo ? null : caughtUp;
        }

        // What was committed since the server was asked may be missing.
        return (archived, archived >= status.Server ? Latest(caughtUp, status.ServerAt) : caughtUp);
    }

    /// <summary>Up to where the archive has everything between two positions, by its listing and what this process added.</summary>
    private Lsn HeldTo(uint timeline, Lsn from, Lsn to)
    {
        lock (Inventory)
        {
            var held = WalCoverage.Prove(Inventory, [new TimelineSpan(timeline, default, null)], from, to).ReachesTo;
            return held < to ? held : to;
        }
    }

    /// <summary>After a start the unfinished segment is first received again: until then it is what the last process wrote of it.</summary>
    private TailEntry? TailAt(Lsn archived) =>
        Tail.Entry is { } entry && entry.StopLsn == archived ? entry
        : _saved?.Tail is { } last && last.StopLsn == archived ? last : null;

    private static DateTimeOffset? Latest(DateTimeOffset? one, DateTimeOffset? two) => one is null || two > one ? two ?? one : one;
}

using StellaOps.Backup.Age;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Manifests;
using StellaOps.Backup.Wal.Spool;

namespace StellaOps.Backup.Wal.Streaming;

/// <summary>
/// Ships the unfinished segment: each time only what came since the last time. Many small parts are folded into one now and then, so that a
/// recovery never fetches hundreds of them. One call at a time.
/// </summary>
internal sealed class TailShipper(WalSpool spool, WalArchive archive, WalInventory inventory, WalFiles files, AgeEncryption encryption, ArchiverState state) : IDisposable
{
    /// <summary>Parts of one segment before they are folded.</summary>
    private const int MostParts = 32;

    private readonly WalSealer _sealer = new(encryption);
    private readonly List<ArchivedTail> _parts = [];

    /// <summary>Parts that were there when the segment began, and were not compared with it yet.</summary>
    private readonly List<ArchivedTail> _others = [];

    /// <summary>Folded parts that are still there: who listed the archive just before the fold sees them, and not what they were folded into.</summary>
    private IReadOnlyList<ArchivedTail> _folded = [];
    private byte[] _buffer = [];
    private WalName _name;
    private long _shipped;
    private WalFacts? _facts;
    private long _looked;

    /// <summary>Position up to which the archive has the segment that is being received; null when it has nothing of it.</summary>
    public Lsn? ShippedTo { get; private set; }

    /// <summary>What the archive has of that segment; null as long as its records were not looked through.</summary>
    public TailEntry? Entry => ShippedTo is { } stop && _facts is { } facts ? SegmentEntries.Of(_name, stop, facts) : null;

    /// <summary>Another timeline begins: what was shipped of a segment of the old one says nothing about the new one.</summary>
    public void Forget() => (_name, ShippedTo, _facts) = (default, null, null);

    /// <summary>Ships what is new. Nothing is done while whole segments wait: the tail is of no use before they are archived.</summary>
    /// <exception cref="StorageException">The store failed; the same bytes are shipped the next time.</exception>
    /// <exception cref="WalException"><see cref="WalFailure.Conflict"/>: other bytes are there from before.</exception>
    public async Task ShipAsync(CancellationToken cancellationToken)
    {
        if (spool.Waiting > 0 || spool.ReadCurrent(ref _buffer) is not var (name, length))
        {
            return;
        }

        if (name != _name)
        {
            await BeginAsync(name, cancellationToken).ConfigureAwait(false);
        }

        WalConflict.RequireParts(archive.Keys.SystemIdentifier, _others, _buffer.AsSpan(0, length));
        _others.RemoveAll(part => part.To <= length);

        if (length > _shipped)
        {
            await PutAsync(_shipped, length, cancellationToken).ConfigureAwait(false);
            state.StoreWorks();
        }

        if (length == _shipped && length > _looked)
        {
            (_facts, _looked) = (WalScanner.Scan(_buffer.AsSpan(0, length), Start(name)), length);
        }

        ShippedTo = new Lsn(Start(name).Value + (ulong)_shipped);
        var folded = _folded;
        _folded = _parts.Count >= MostParts && length >= _shipped ? await FoldAsync(cancellationToken).ConfigureAwait(false) : [];
        await archive.RemoveAsync(folded, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose() => _sealer.Dispose();

    private async Task BeginAsync(WalName name, CancellationToken cancellationToken)
    {
        // A second copy of the cluster may have shipped parts since the archive was listed. What is not known from there is compared, and not relied on.
        var (_, found) = await archive.FindAsync(name, cancellationToken).ConfigureAwait(false);
        _name = name;
        _parts.Clear();
        _others.Clear();
        lock (inventory)
        {
            _shipped = inventory.Available(name);
            _parts.AddRange(inventory.Tails(name));
        }

        _others.AddRange(_parts.Concat(found).DistinctBy(part => part.Key));
        (_facts, _looked) = (null, 0);
    }

    private async Task PutAsync(long from, int to, CancellationToken cancellationToken)
    {
        var content = _sealer.Seal(_buffer.AsSpan((int)from, to - (int)from));
        var tail = await archive.PutTailAsync(_name, from, content, to - from, cancellationToken).ConfigureAwait(false);
        _parts.Add(tail);
        _shipped = to;
        lock (inventory)
        {
            inventory.Add(tail);
        }

        state.Archived(to - from, tail.Length, whole: false);
    }

    /// <returns>What was folded, and is needless.</returns>
    private async Task<IReadOnlyList<ArchivedTail>> FoldAsync(CancellationToken cancellationToken)
    {
        var old = _parts.ToList();
        var content = _sealer.Seal(_buffer.AsSpan(0, (int)_shipped));
        var whole = await archive.PutTailAsync(_name, 0, content, _shipped, cancellationToken).ConfigureAwait(false);

        // Durable now: one object with all of it; only then the parts go, with the next call.
        _parts.Clear();
        _parts.Add(whole);
        lock (inventory)
        {
            inventory.Fold(whole);
        }

        return [.. old.Where(part => part.Key != whole.Key)];
    }

    private Lsn Start(WalName name) => files.StartOf(files.NumberOf(name) ?? 0);
}

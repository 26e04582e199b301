using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Expiry;
using StellaOps.Backup.Wal.Manifests;

namespace StellaOps.Backup.Wal.Replicas;

/// <summary>
/// Keeps a copy of one cluster's archive in another location: objects as they are, so that no key is needed. What is copied first is never needless without
/// what follows: histories, segments and tails, the documents that name them, and last the state, which says how far it got. May be stopped anywhere and run
/// again, also beside another one. What expires here stays there until its own expiry.
/// </summary>
public sealed class WalReplica(IObjectStore here, IObjectStore there, ulong systemIdentifier, TimeProvider clock)
{
    private const int AtOnce = 4, LargestDocument = 8 << 20;

    /// <summary>How long the listing of the other location is trusted: who removes objects there is noticed by then.</summary>
    private static readonly TimeSpan Trust = TimeSpan.FromHours(1);

    private readonly WalKeys _keys = new(systemIdentifier);
    private HashSet<string>? _there;
    private byte[]? _state;
    private long _listedAt;
    private volatile bool _lost;

    /// <summary>Copies what is missing there; at most a listing of each location where nothing is, and a look where nothing was archived meanwhile.</summary>
    /// <returns>Bytes that were copied.</returns>
    /// <exception cref="StorageException">One of the locations failed; the next run goes on.</exception>
    public async Task<long> RunAsync(CancellationToken cancellationToken)
    {
        // Before the listing: everything that it names is in that.
        var state = await FindAsync(here, _keys.State, cancellationToken).ConfigureAwait(false);
        if (_there is not null && clock.GetElapsedTime(_listedAt) > Trust)
        {
            (_there, _state) = (null, null);
        }

        if (state is null || (_state is not null && state.AsSpan().SequenceEqual(_state)))
        {
            return 0;
        }

        var known = _there ??= await ListAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            _lost = false;
            var copied = await CopyAsync(state, known, cancellationToken).ConfigureAwait(false);
            if (!_lost)
            {
                // Durable before: all that the state names.
                await there.PutAsync(_keys.State, state, PutMode.Replace, cancellationToken).ConfigureAwait(false);
                _state = state;
            }

            return copied;
        }
        catch
        {
            (_there, _state) = (null, null);
            throw;
        }
    }

    /// <summary>
    /// When the other location last had everything, by the state that lies there. Where it does not answer, or has none, all of the archive counts as missing there: when
    /// the oldest object here was made. Null where there is no archive here either.
    /// </summary>
    /// <exception cref="StorageException">Neither of the locations answers.</exception>
    public async Task<DateTimeOffset?> WholeAtAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await FindAsync(there, _keys.State, cancellationToken).ConfigureAwait(false) is { } content && WalJson.TryRead<ArchiveState>(content) is { } state)
            {
                return state.UpdatedAt;
            }
        }
        catch (StorageException)
        {
            // It is away, and nothing here says since when.
        }

        return await here.ListAsync(_keys.Folder, cancellationToken).Select(one => (DateTimeOffset?)one.ModifiedAt).MinAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
    }

    private async Task<HashSet<string>> ListAsync(CancellationToken cancellationToken)
    {
        var found = await there.ListAsync(_keys.Folder, cancellationToken).Select(one => one.Key).ToHashSetAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        _listedAt = clock.GetTimestamp();
        return found;
    }

    private async Task<long> CopyAsync(byte[] state, HashSet<string> known, CancellationToken cancellationToken)
    {
        var listed = await here.ListAsync(_keys.Folder, cancellationToken).Select(one => one.Key).ToListAsync(cancellationToken).ConfigureAwait(false);
        await BeginAsync(known, cancellationToken).ConfigureAwait(false);
        var expired = await ExpiredAsync(state, cancellationToken).ConfigureAwait(false);
        var missing = listed.Where(key => !known.Contains(key) && !expired(key)).ToLookup(KindOf);
        long bytes = 0;
        foreach (var kind in (Kind[])[Kind.History, Kind.Wal, Kind.Document])
        {
            bytes += await CopyAsync(missing[kind].Order(StringComparer.Ordinal), known, cancellationToken).ConfigureAwait(false);
        }

        // Gaps are closed and refilled, and there are few.
        bytes += await CopyAsync(listed.Where(key => KindOf(key) == Kind.Gap), known, cancellationToken).ConfigureAwait(false);
        if (!_lost)
        {
            await RemoveSupersededAsync(listed, known, cancellationToken).ConfigureAwait(false);
        }

        return bytes;
    }

    /// <summary>What is not kept here any more is no hole there: the mark comes before the first segment. From then on there is one of its own.</summary>
    private async Task BeginAsync(HashSet<string> known, CancellationToken cancellationToken)
    {
        if (!known.Contains(_keys.Expired) && !known.Any(key => KindOf(key) == Kind.Wal) && await FindAsync(here, _keys.Expired, cancellationToken).ConfigureAwait(false) is { } mark)
        {
            await there.PutAsync(_keys.Expired, mark, PutMode.Replace, cancellationToken).ConfigureAwait(false);
            known.Add(_keys.Expired);
        }
    }

    /// <summary>WAL that is not kept there any more does not come back.</summary>
    private async Task<Func<string, bool>> ExpiredAsync(byte[] state, CancellationToken cancellationToken)
    {
        if (WalJson.TryRead<ArchiveState>(state) is not { } archive
            || await FindAsync(there, _keys.Expired, cancellationToken).ConfigureAwait(false) is not { } content
            || WalJson.TryRead<ExpiryMark>(content) is not { } mark)
        {
            return _ => false;
        }

        var files = new WalFiles(archive.SegmentSize);
        return key => WalKeys.Parse(FileOf(key)) is var (name, _, _, _)
            && mark.Before(name.Timeline) is { } before && files.NumberOf(name) is { } number && files.StartOf(number + 1) <= before;
    }

    private async Task<long> CopyAsync(IEnumerable<string> keys, HashSet<string> known, CancellationToken cancellationToken)
    {
        long bytes = 0;
        await Parallel.ForEachAsync(keys, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (key, token) =>
        {
            try
            {
                // Replace: the name of an immutable object says what is in it, and of the others the newer one counts.
                Interlocked.Add(ref bytes, await here.CopyToAsync(key, there, PutMode.Replace, token).ConfigureAwait(false));
                lock (known)
                {
                    known.Add(key);
                }
            }
            catch (StorageException gone) when (gone.Failure == StorageFailure.NotFound)
            {
                // A tail that a whole segment has replaced since the listing, or what has expired: the next run sees what there is.
                _lost = true;
            }
        }).ConfigureAwait(false);
        return bytes;
    }

    /// <summary>
    /// Tails that a longer one or the whole segment has replaced, and notes on pushed segments that a manifest holds now. Only where the archive here still
    /// has the segment: a location that lost its archive takes nothing with it. And only when all that was listed is there, what replaces them among it.
    /// </summary>
    private async Task RemoveSupersededAsync(List<string> listed, HashSet<string> known, CancellationToken cancellationToken)
    {
        var present = listed.ToHashSet(StringComparer.Ordinal);
        var segments = listed.Select(SegmentOf).OfType<WalName>().ToHashSet();
        var needless = known.Where(key => !present.Contains(key) && IsTemporary(key) && SegmentOf(key) is { } name && segments.Contains(name)).ToList();
        await there.DeleteManyAsync(needless, cancellationToken).ConfigureAwait(false);
        known.ExceptWith(needless);
    }

    private static bool IsTemporary(string key) => WalKeys.Parse(FileOf(key)) is { To: not null } || key.Contains("/pushed/", StringComparison.Ordinal);

    private static WalName? SegmentOf(string key) =>
        WalKeys.Parse(FileOf(key)) is var (name, _, _, _) ? name
        : key.Contains("/pushed/", StringComparison.Ordinal) && WalName.TryParse(Path.GetFileNameWithoutExtension(key), out var pushed) ? pushed
        : null;

    private Kind KindOf(string key) =>
        key == _keys.State || key == _keys.Expired ? Kind.Own
        : key.StartsWith(_keys.Gaps, StringComparison.Ordinal) ? Kind.Gap
        : WalName.TryParseHistory(FileOf(key), out _) ? Kind.History
        : key.EndsWith(".age", StringComparison.Ordinal) ? Kind.Wal
        : Kind.Document;

    private static ReadOnlySpan<char> FileOf(string key) => key.AsSpan(key.LastIndexOf('/') + 1);

    private static async Task<byte[]?> FindAsync(IObjectStore store, string key, CancellationToken cancellationToken)
    {
        try
        {
            return await store.ReadAllAsync(key, LargestDocument, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException none) when (none.Failure == StorageFailure.NotFound)
        {
            return null;
        }
    }

    private enum Kind
    {
        History,
        Wal,
        Document,
        Gap,
        Own,
    }
}

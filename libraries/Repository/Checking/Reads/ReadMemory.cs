using System.Collections.Concurrent;
using System.Text.Json;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Checking.Reads;

/// <summary>
/// When each pack was read whole and found right. Every run adds an immutable object of its own, so that runs at the same time do not
/// disturb one another; loading merges them, the latest time counts. An object that is missing, damaged or from the future is worth
/// nothing, and its packs are read again.
/// </summary>
internal sealed class ReadMemory : IDisposable
{
    /// <summary>Objects that lie beside one another before a run writes one in their place.</summary>
    internal const int MostObjects = 16;

    /// <summary>A run that is killed forgets at most this much of its work.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan ClockSkew = TimeSpan.FromHours(1);

    private readonly UnpackedFiles _files;
    private readonly TimeProvider _clock;
    private readonly Dictionary<BlobId, DateTimeOffset> _known = [];
    private readonly List<BlobId> _objects = [];
    private readonly ConcurrentQueue<BlobId> _new = new();
    private readonly SemaphoreSlim _saving = new(1);
    private long _savedAt;

    private ReadMemory(RepositoryParts parts)
    {
        (_files, _clock) = (parts.Files, parts.Options.Clock);
        _savedAt = _clock.GetTimestamp();
    }

    /// <summary>False once something could not be written.</summary>
    internal bool IsKept { get; private set; } = true;

    /// <param name="parts">The repository.</param>
    /// <param name="exists">Tells the packs that are still there; the others are forgotten.</param>
    /// <param name="cancellationToken">Ends between two objects.</param>
    internal static async Task<ReadMemory> LoadAsync(RepositoryParts parts, Func<BlobId, bool> exists, CancellationToken cancellationToken)
    {
        var memory = new ReadMemory(parts);
        try
        {
            await foreach (var (id, _) in parts.Files.ListAsync(FileKind.Reads, cancellationToken).ConfigureAwait(false))
            {
                memory._objects.Add(id);
                memory.Merge(await memory.TryLoadAsync(id, cancellationToken).ConfigureAwait(false), exists);
            }
        }
        catch (StorageException)
        {
            // The rest is as good as missing.
        }

        return memory;
    }

    /// <summary>Null: never, as far as is known.</summary>
    internal DateTimeOffset? LastRead(BlobId pack) => _known.TryGetValue(pack, out var time) ? time : null;

    /// <summary>A pack was read whole just now and is right.</summary>
    internal async ValueTask AddAsync(BlobId pack, CancellationToken cancellationToken)
    {
        _new.Enqueue(pack);
        if (_clock.GetElapsedTime(Volatile.Read(ref _savedAt)) >= Interval)
        {
            await SaveAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Makes durable what was added; every so many runs one object takes the place of all.</summary>
    internal async Task SaveAsync(CancellationToken cancellationToken)
    {
        await _saving.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            Volatile.Write(ref _savedAt, _clock.GetTimestamp());
            var now = _clock.GetUtcNow();
            var added = new List<BlobId>();
            while (_new.TryDequeue(out var pack))
            {
                added.Add(pack);
                _known[pack] = now;
            }

            if (added.Count > 0)
            {
                await WriteAsync(added, now, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (StorageException)
        {
            IsKept = false; // These packs are read again, no more.
        }
        finally
        {
            _saving.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _saving.Dispose();

    private async Task WriteAsync(List<BlobId> added, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (_objects.Count < MostObjects)
        {
            _objects.Add(await SaveAsync([new ReadPacksJson { Time = now, Packs = added }], cancellationToken).ConfigureAwait(false));
            return;
        }

        var all = _known.GroupBy(pack => pack.Value, pack => pack.Key).Select(group => new ReadPacksJson { Time = group.Key, Packs = [.. group] });
        var merged = await SaveAsync([.. all], cancellationToken).ConfigureAwait(false);

        // Durable from here on: everything in one object. Whichever of the old ones outlive a crash say nothing else.
        foreach (var old in _objects)
        {
            await _files.DeleteAsync(FileKind.Reads, old, cancellationToken).ConfigureAwait(false);
        }

        _objects.Clear();
        _objects.Add(merged);
    }

    private ValueTask<BlobId> SaveAsync(IReadOnlyList<ReadPacksJson> reads, CancellationToken cancellationToken) =>
        _files.SaveAsync(FileKind.Reads, JsonSerializer.SerializeToUtf8Bytes(new ReadsJson { Reads = reads }, RepositoryJson.Default.ReadsJson), cancellationToken);

    private async Task<ReadsJson?> TryLoadAsync(BlobId id, CancellationToken cancellationToken)
    {
        try
        {
            return JsonSerializer.Deserialize(await _files.LoadAsync(FileKind.Reads, id, cancellationToken).ConfigureAwait(false), RepositoryJson.Default.ReadsJson);
        }
        catch (Exception exception) when (exception is JsonException or StorageException or RepositoryException)
        {
            return null;
        }
    }

    private void Merge(ReadsJson? found, Func<BlobId, bool> exists)
    {
        var latest = _clock.GetUtcNow() + ClockSkew;
        foreach (var run in found?.Reads ?? [])
        {
            foreach (var pack in run?.Packs ?? [])
            {
                if (run!.Time <= latest && exists(pack) && !(_known.TryGetValue(pack, out var known) && known >= run.Time))
                {
                    _known[pack] = run.Time;
                }
            }
        }
    }
}

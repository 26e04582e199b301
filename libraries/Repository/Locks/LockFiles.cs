using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text.Json;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Locks;

/// <summary>
/// <para>restic's protocol, for stores without atomic locks: look, write the own lock, look again; whoever then sees a conflict gives way.</para>
/// <para>
/// All stores list what was put before. Of two that write locks which exclude each other, the one that writes last sees the other's at its
/// second look, unless that one's work is over: then it reads what that one left. Nobody has to wait between the two looks for that; who
/// takes an exclusive lock, and may remove things, waits all the same, for a store that lists a little late.
/// </para>
/// </summary>
internal sealed class LockFiles(UnpackedFiles files, RepositoryOptions options)
{
    /// <summary>A holder that could not refresh for this long has to stop; others wait a little longer.</summary>
    internal static readonly TimeSpan TrustedFor = TimeSpan.FromMinutes(22.5);

    /// <summary>A lock that was not written anew for this long has no holder any more.</summary>
    internal static readonly TimeSpan StaleAfter = TimeSpan.FromMinutes(30);

    /// <summary>
    /// The same where the host has our name, and nobody can tell whether the process lives: it has missed two refreshes, and no call to a store is repeated for as long.
    /// A machine or container that died begins again after it.
    /// </summary>
    internal static readonly TimeSpan UnseenStaleAfter = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1), LongestPause = TimeSpan.FromMinutes(1);

    /// <summary>Locks of this process: one with its place and pid that is not among them is of a former process with the same number.</summary>
    private static readonly ConcurrentDictionary<BlobId, bool> Held = new();

    private bool _foundDead;

    /// <summary>Takes a lock, and tries again for up to <see cref="RepositoryOptions.LockWait"/> while others hold one that excludes it.</summary>
    /// <param name="kind">Shared or exclusive.</param>
    /// <param name="cancellationToken">Ends the wait; the lock is then given back.</param>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Locked"/>: by whom, and since when.</exception>
    internal async Task<RepositoryLock> AcquireAsync(LockKind kind, CancellationToken cancellationToken)
    {
        var started = options.Clock.GetTimestamp();
        for (var pause = FirstPause; ; pause = pause < LongestPause / 2 ? pause * 2 : LongestPause)
        {
            try
            {
                return await TryAcquireAsync(kind, cancellationToken).ConfigureAwait(false);
            }
            catch (RepositoryException exception) when (exception.Failure == RepositoryFailure.Locked && options.Clock.GetElapsedTime(started) < options.LockWait)
            {
                var left = options.LockWait - options.Clock.GetElapsedTime(started);
                await Task.Delay(left > TimeSpan.Zero && left < pause ? left : pause, options.Clock, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Everyone's locks, in no order.</summary>
    internal async IAsyncEnumerable<LockInfo> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var (id, _) in files.ListAsync(FileKind.Lock, cancellationToken).ConfigureAwait(false))
        {
            if (await TryLoadAsync(id, cancellationToken).ConfigureAwait(false) is { } found)
            {
                yield return found;
            }
        }
    }

    /// <summary>Removes the locks that no longer count, or all that are there.</summary>
    /// <returns>Those that were removed.</returns>
    internal async Task<IReadOnlyList<LockInfo>> RemoveAsync(bool all, CancellationToken cancellationToken)
    {
        var removed = await ListAsync(cancellationToken).Where(found => all || found.IsStale).ToListAsync(cancellationToken).ConfigureAwait(false);
        foreach (var found in removed)
        {
            await files.DeleteAsync(FileKind.Lock, found.Id, cancellationToken).ConfigureAwait(false);
        }

        return removed;
    }

    /// <summary>Looks, and writes nothing: for work that must go on where not even a lock can be stored.</summary>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Locked"/>.</exception>
    internal Task ThrowIfLockedAsync(LockKind kind, CancellationToken cancellationToken) => ThrowIfConflictAsync(kind, own: null, cancellationToken);

    /// <summary>True once after a lock of a dead holder was removed: it may have left more behind.</summary>
    internal bool TakeFoundDead() => Interlocked.Exchange(ref _foundDead, false);

    private async Task<RepositoryLock> TryAcquireAsync(LockKind kind, CancellationToken cancellationToken)
    {
        await ThrowIfConflictAsync(kind, own: null, cancellationToken).ConfigureAwait(false);
        var id = await WriteAsync(kind, cancellationToken).ConfigureAwait(false);
        try
        {
            if (kind == LockKind.Exclusive)
            {
                await Task.Delay(options.LockSettle, options.Clock, cancellationToken).ConfigureAwait(false);
            }

            await ThrowIfConflictAsync(kind, id, cancellationToken).ConfigureAwait(false);
            return new RepositoryLock(this, kind, id, options.Clock);
        }
        catch
        {
            await ReleaseAsync(id).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>False when someone removed the lock: they took it for abandoned, and may be at work now.</summary>
    internal async Task<bool> IsThereAsync(BlobId id, CancellationToken cancellationToken)
    {
        try
        {
            return await files.FindAsync(FileKind.Lock, id, cancellationToken).ConfigureAwait(false) is not null;
        }
        catch (Exception exception) when (exception is StorageException or OperationCanceledException)
        {
            return true; // Not known.
        }
    }

    /// <summary>
    /// Writes a new file before it removes the old one, which may stay where the store does not let it go. Null when the new one could
    /// not be written.
    /// </summary>
    internal async Task<BlobId?> TryReplaceAsync(LockKind kind, BlobId old, CancellationToken cancellationToken)
    {
        try
        {
            var id = await WriteAsync(kind, cancellationToken).ConfigureAwait(false);
            await ReleaseAsync(old).ConfigureAwait(false);
            return id;
        }
        catch (Exception exception) when (exception is StorageException or OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>Removes a lock of ours, once. Where the store does not let it, the lock ends by its age; that must not spoil finished work.</summary>
    internal async ValueTask ReleaseAsync(BlobId id)
    {
        if (!Held.TryRemove(id, out _))
        {
            return;
        }

        try
        {
            await files.DeleteAsync(FileKind.Lock, id, CancellationToken.None).ConfigureAwait(false);
        }
        catch (StorageException)
        {
        }
    }

    private async Task<BlobId> WriteAsync(LockKind kind, CancellationToken cancellationToken)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(
            new LockJson
            {
                Time = options.Clock.GetUtcNow(),
                Exclusive = kind == LockKind.Exclusive,
                Hostname = options.Hostname,
                Username = options.Username,
                Pid = Environment.ProcessId,
                StellaPlace = LockPlace.Own,
            },
            RepositoryJson.Default.LockJson);
        var file = files.Seal(json);
        Held[file.Id] = true;
        try
        {
            await files.SaveAsync(FileKind.Lock, file, cancellationToken).ConfigureAwait(false);
            return file.Id;
        }
        catch
        {
            await ReleaseAsync(file.Id).ConfigureAwait(false); // It may be there: only the answer got lost, or came too late.
            throw;
        }
    }

    private async Task ThrowIfConflictAsync(LockKind kind, BlobId? own, CancellationToken cancellationToken)
    {
        await foreach (var found in ListAsync(cancellationToken).Where(found => found.Id != own).ConfigureAwait(false))
        {
            if (found.IsStale)
            {
                await files.DeleteAsync(FileKind.Lock, found.Id, cancellationToken).ConfigureAwait(false);
                Volatile.Write(ref _foundDead, true);
            }
            else if (found.Kind == LockKind.Exclusive || kind == LockKind.Exclusive)
            {
                throw new RepositoryException(RepositoryFailure.Locked, found.Describe(options.Clock.GetUtcNow()));
            }
        }
    }

    /// <summary>Null when it vanished while we looked.</summary>
    private async Task<LockInfo?> TryLoadAsync(BlobId id, CancellationToken cancellationToken)
    {
        try
        {
            var json = Decode(id, await files.LoadAsync(FileKind.Lock, id, cancellationToken).ConfigureAwait(false));
            return new LockInfo
            {
                Id = id,
                IsReadable = true,
                Kind = json.Exclusive ? LockKind.Exclusive : LockKind.Shared,
                Hostname = json.Hostname,
                Username = json.Username,
                Pid = json.Pid,
                WrittenAt = json.Time,
                IsStale = IsStale(id, json),
            };
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.NotFound)
        {
            return null;
        }
        catch (RepositoryException exception) when (exception.Failure == RepositoryFailure.Damaged)
        {
            return await DescribeDamagedAsync(id, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>A damaged lock may be of a process that lives; it must not block for ever either, so its file's age counts.</summary>
    private async Task<LockInfo?> DescribeDamagedAsync(BlobId id, CancellationToken cancellationToken) =>
        await files.FindAsync(FileKind.Lock, id, cancellationToken).ConfigureAwait(false) is { } file
            ? new LockInfo { Id = id, IsReadable = false, WrittenAt = file.ModifiedAt, IsStale = options.Clock.GetUtcNow() - file.ModifiedAt > StaleAfter }
            : null;

    internal static LockJson Decode(BlobId id, ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, RepositoryJson.Default.LockJson) ?? throw new JsonException("it is null");
        }
        catch (JsonException exception)
        {
            throw new RepositoryException(
                RepositoryFailure.Damaged, $"{RepositoryFile.Key(FileKind.Lock, id)} is damaged: it is not the JSON of a lock", exception);
        }
    }

    private bool IsStale(BlobId id, LockJson found)
    {
        var age = options.Clock.GetUtcNow() - found.Time;
        if (age > StaleAfter || found.Hostname != options.Hostname || Held.ContainsKey(id))
        {
            return age > StaleAfter;
        }

        return LockHolder.Find(found, LockPlace.Own) switch
        {
            HolderState.Gone => true,
            HolderState.Unknown => age > UnseenStaleAfter,
            _ => false,
        };
    }
}

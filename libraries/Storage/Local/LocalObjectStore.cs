using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;

namespace StellaOps.Backup.Storage.Local;

/// <summary>
/// Objects as files below a directory, mode 0600, directories 0700. Directories are made when something is first put into
/// them. Reads run on the caller's thread; long ones and writes pass by the page cache. Memory: 1 MiB for each that is under way.
/// </summary>
public sealed class LocalObjectStore : IObjectStore
{
    /// <summary>A leftover is older than the time between the creation and the locking of a file.</summary>
    private static readonly TimeSpan TimeToLock = TimeSpan.FromSeconds(2);

    /// <summary>For so long, what a put left is kept for the next one of the same content.</summary>
    private static readonly TimeSpan TimeToGoOn = TimeSpan.FromHours(24);

    private readonly string _root;
    private readonly TimeProvider _clock;
    private readonly MountedPlace _place;
    private readonly Lock _making = new();
    private readonly ConcurrentDictionary<string, bool> _durableDirectories = new(StringComparer.Ordinal);

    /// <summary>Opens <paramref name="root"/>, an absolute path; it need not exist.</summary>
    public LocalObjectStore(string root, TimeProvider? clock = null)
    {
        if (!Path.IsPathFullyQualified(root))
        {
            throw new StorageException(StorageFailure.Invalid, $"the path of a location has to be absolute: {root}");
        }

        _root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        _clock = clock ?? TimeProvider.System;
        _place = new MountedPlace(_root);
    }

    /// <inheritdoc/>
    public string Description => _root;

    /// <inheritdoc/>
    public async ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken = default)
    {
        var path = PathToPut(key);
        // A started put is not cancelled: it ends soon, and its caller then knows whether the object exists.
        await Task.Run(() => Put(path, handle => DirectIO.Write(handle, content), mode), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask PutAsync(string key, Stream content, PutMode mode, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        var path = PathToPut(key);
        var unfinished = content is SizedStream { Identity: { } identity } ? TemporaryName.For(path, identity) : null;
        await Task.Run(() => Put(path, handle => Copy(content, handle, cancellationToken), mode, unfinished), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask CopyAsync(string from, string to, CancellationToken cancellationToken = default)
    {
        var (path, name) = (PathOf(from), PathToPut(to));
        MakeDirectories(DirectoryOf(name));
        var temporary = TemporaryName.For(name);

        // Objects never change, so one file may have two names: no byte is written.
        var error = Posix.AddName(path, temporary);
        if (error is Posix.Eperm or Posix.Emlink or Posix.Enosys or Posix.Eopnotsupp)
        {
            await using var content = await ObjectReadStream.OpenAsync(this, from, cancellationToken).ConfigureAwait(false);
            await PutAsync(to, content, PutMode.Replace, cancellationToken).ConfigureAwait(false);
            return;
        }

        var what = $"cannot copy {path} to {name}";
        StorageErrors.Check(error, what);

        // A rename between two names of one file does nothing, and leaves both: the temporary one goes in any case.
        error = Posix.Replace(temporary, name);
        _ = Posix.Remove(temporary);
        StorageErrors.Check(error, what);
        StorageErrors.Check(Posix.SyncDirectory(DirectoryOf(name)), what);
    }

    /// <inheritdoc/>
    public ValueTask<int> ReadAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        var path = PathOf(key);
        var error = Posix.OpenRead(path, out var handle);
        error = error == Posix.Enoent ? Posix.Absence(path) : error;
        using (handle)
        {
            // Whether the place is a location may be asked at any time.
            if ((error == Posix.Enoent) != (key == LocationFile.Key))
            {
                _place.Require();
            }

            StorageErrors.Check(error, $"cannot read {path}");
            try
            {
                return ValueTask.FromResult(DirectIO.Read(handle, offset, destination.Span));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw StorageErrors.Of(exception, $"cannot read {path}");
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<StoredObject?> FindAsync(string key, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var found = Stat(PathOf(key), key);
        if (found is null && key != LocationFile.Key)
        {
            _place.Require();
        }

        return ValueTask.FromResult(found);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<StoredObject> ListAsync(string prefix, CancellationToken cancellationToken = default) =>
        ObjectsUnder(prefix, cancellationToken).ToAsyncEnumerable();

    /// <inheritdoc/>
    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var path = PathOf(key);
        var error = Posix.Remove(path);
        error = error == Posix.Enoent ? Posix.Absence(path) : error;
        if (error == Posix.Enoent)
        {
            _place.Require();
            return ValueTask.CompletedTask;
        }

        StorageErrors.Check(error, $"cannot delete {path}");
        StorageErrors.Check(Posix.SyncDirectory(DirectoryOf(path)), $"cannot make the deletion of {path} durable");
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<int> SweepAsync(string prefix, Func<string, bool> goes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(goes);
        var swept = 0;
        var before = _clock.GetUtcNow() - TimeToLock;
        foreach (var path in FilesUnder(DirectoryOfPrefix(prefix)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var name = Path.GetFileName(path.AsSpan());
            if (TemporaryName.IsOurs(name) && goes(TemporaryName.ObjectOf(path[(_root.Length + 1)..])) && File.GetLastWriteTimeUtc(path) < (TemporaryName.MayGoOn(name) ? before - TimeToGoOn : before).UtcDateTime)
            {
                swept += RemoveIfAbandoned(path) ? 1 : 0;
            }
        }

        return ValueTask.FromResult(swept);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <param name="path">The object's file.</param>
    /// <param name="write">Writes it.</param>
    /// <param name="mode">Whether it may be there.</param>
    /// <param name="unfinished">Name of a file that may be there from an earlier put of the same content, and stays for the next one when this one fails.</param>
    private void Put(string path, Action<SafeFileHandle> write, PutMode mode, string? unfinished = null)
    {
        var what = $"cannot write {path}";
        var temporary = unfinished ?? TemporaryName.For(path);
        using var handle = unfinished is not null && Posix.OpenWrite(unfinished, out var left) == 0 ? left : CreateFile(temporary, what);
        try
        {
            // The lock tells a sweep, and another writer of the same content, that this one lives; it ends with the process.
            StorageErrors.Check(Posix.TryLock(handle), what);
            write(handle);
            StorageErrors.Check(Posix.Sync(handle), what);

            // Durable now: the content, under a name that nobody lists. A crash here leaves a file for the sweep.
            StorageErrors.Check(mode == PutMode.Create ? Posix.MoveToFree(temporary, path) : Posix.Replace(temporary, path), what);
        }
        catch (Exception exception)
        {
            var failure = exception is IOException and not StorageException or UnauthorizedAccessException ? StorageErrors.Of(exception, what) : exception as StorageException;
            if (unfinished is null || failure?.Failure == StorageFailure.Full)
            {
                _ = Posix.Remove(temporary);
            }

            if (failure is not null && failure != exception)
            {
                throw failure;
            }

            throw;
        }

        // Visible now, and durable after this: a power failure may undo the name before, never tear the content.
        StorageErrors.Check(Posix.SyncDirectory(DirectoryOf(path)), what);
    }

    /// <summary>What an earlier put left is whole up to where it ends: a process that dies leaves nothing half-written, and who cannot trust the machine reads the object back.</summary>
    private static void Copy(Stream content, SafeFileHandle handle, CancellationToken cancellationToken)
    {
        var done = RandomAccess.GetLength(handle) / DirectIO.BufferLength * DirectIO.BufferLength;
        if (done > 0)
        {
            RandomAccess.SetLength(handle, done);
            ((SizedStream)content).GoToAsync(done).AsTask().GetAwaiter().GetResult();
        }

        DirectIO.Write(
            handle,
            destination =>
            {
                cancellationToken.ThrowIfCancellationRequested();
                return content.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false);
            },
            done);
    }

    private SafeFileHandle CreateFile(string temporary, string what)
    {
        var directory = DirectoryOf(temporary);
        for (var attempt = 0; ; attempt++)
        {
            MakeDirectories(directory);
            var error = Posix.Create(temporary, out var handle);
            if (error == 0)
            {
                return handle;
            }

            handle.Dispose();
            if (error != Posix.Enoent || attempt > 0)
            {
                throw StorageErrors.Of(error, what);
            }

            _durableDirectories.Clear(); // Someone removed a directory under us.
        }
    }

    /// <summary>Makes the directory and its parents; each name is durable before anything is put under it.</summary>
    private void MakeDirectories(string directory)
    {
        if (_durableDirectories.ContainsKey(directory))
        {
            return;
        }

        lock (_making)
        {
            var missing = new Stack<string>();
            for (var at = directory; !Directory.Exists(at); at = DirectoryOf(at))
            {
                missing.Push(at);
            }

            foreach (var path in missing)
            {
                var error = Posix.MakeDirectory(path);
                if (error != Posix.Eexist || !Directory.Exists(path))
                {
                    StorageErrors.Check(error == Posix.Eexist ? Posix.Enotdir : error, $"cannot make the directory {path}");
                }

                StorageErrors.Check(Posix.SyncDirectory(DirectoryOf(path)), $"cannot make the directory {path} durable");
            }

            _durableDirectories[directory] = true;
        }
    }

    private IEnumerable<StoredObject> ObjectsUnder(string prefix, CancellationToken cancellationToken)
    {
        foreach (var path in FilesUnder(DirectoryOfPrefix(prefix)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var key = path[(_root.Length + 1)..];
            if (!TemporaryName.Is(Path.GetFileName(path.AsSpan())) && Stat(path, key) is { } found)
            {
                yield return found;
            }
        }

        _place.Require();
    }

    private static IEnumerable<string> FilesUnder(string directory)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = false };
        IEnumerator<string> paths;
        try
        {
            paths = Directory.EnumerateFiles(directory, "*", options).GetEnumerator();
        }
        catch (DirectoryNotFoundException)
        {
            var absence = Posix.Absence(directory);
            StorageErrors.Check(absence == Posix.Enoent ? 0 : absence, $"cannot list {directory}");
            yield break;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw StorageErrors.Of(exception, $"cannot list {directory}");
        }

        using (paths)
        {
            while (Next(paths, directory) is { } path)
            {
                yield return path;
            }
        }
    }

    private static string? Next(IEnumerator<string> paths, string directory)
    {
        try
        {
            return paths.MoveNext() ? paths.Current : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw StorageErrors.Of(exception, $"cannot list {directory}");
        }
    }

    /// <summary>Null only where the system says that there is nothing: what cannot be looked at may be there, and others delete by what is not.</summary>
    private static StoredObject? Stat(string path, string key)
    {
        var error = Posix.Status(path, out var status);
        if (error is Posix.Enoent or Posix.Enotdir)
        {
            return null; // Or deleted while we looked.
        }

        StorageErrors.Check(error, $"cannot look at {path}");
        return status.IsDirectory ? null : new StoredObject(key, status.Length, status.ModifiedAt);
    }

    private static bool RemoveIfAbandoned(string path)
    {
        var error = Posix.OpenRead(path, out var handle);
        using (handle)
        {
            return error == 0 && Posix.TryLock(handle) == 0 && Posix.Remove(path) == 0;
        }
    }

    private string PathOf(string key)
    {
        ObjectKey.Check(key);
        return string.Concat(_root, "/", key);
    }

    private string PathToPut(string key)
    {
        var path = PathOf(key);
        _place.Require();
        return path;
    }

    private string DirectoryOfPrefix(string prefix)
    {
        if (prefix.Length == 0)
        {
            return _root;
        }

        ObjectKey.Check(prefix.TrimEnd('/'));
        return string.Concat(_root, "/", prefix.TrimEnd('/'));
    }

    private static string DirectoryOf(string path) => Path.GetDirectoryName(path) ?? "/";
}

using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Unpacked;

namespace StellaOps.Backup.Repository.Caching;

/// <summary>
/// Copies of a repository's index and snapshot files, as they are stored and sealed, so that only new ones are fetched from a remote
/// store: <c>DIRECTORY/REPOSITORY ID/index/ID</c>. A name is the SHA-256 of the content and is compared on each read, so the cache cannot lie.
/// It holds no more than the repository lists. Nothing about it is an error: what cannot be read or written is fetched.
/// </summary>
internal sealed class FileCache(string directory, string repositoryId, Action<string>? onFailure)
{
    private readonly string _root = Path.Combine(directory, repositoryId);
    private int _failed;

    /// <summary>The file's stored bytes; null when they are not here, or not what they were.</summary>
    internal byte[]? TryRead(FileKind kind, BlobId id)
    {
        var path = PathOf(kind, id);
        try
        {
            if (!File.Exists(path))
            {
                return null;
            }

            var content = File.ReadAllBytes(path);
            if (BlobId.Of(content) == id)
            {
                return content;
            }

            Report($"{path} is damaged and is fetched again");
            File.Delete(path);
        }
        catch (Exception exception) when (IsExpected(exception))
        {
            Report(exception.Message);
        }

        return null;
    }

    /// <summary>Keeps a file. After a crash a part of it may be there, which the next read finds out.</summary>
    internal void Write(FileKind kind, BlobId id, byte[] content)
    {
        const UnixFileMode ownerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        var path = PathOf(kind, id);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!, ownerOnly);
            var temporary = $"{path}-{Environment.ProcessId}-{Environment.CurrentManagedThreadId}";
            File.WriteAllBytes(temporary, content);
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception exception) when (IsExpected(exception))
        {
            Report(exception.Message);
        }
    }

    /// <summary>Removes what the repository does not list any more, and what killed processes left half-written.</summary>
    internal void Keep(FileKind kind, IReadOnlyCollection<BlobId> listed)
    {
        var folder = Path.Combine(_root, RepositoryFile.Folder(kind));
        try
        {
            if (Directory.Exists(folder))
            {
                var wanted = listed.Select(id => id.ToString()).ToHashSet(StringComparer.Ordinal);
                foreach (var path in Directory.EnumerateFiles(folder).Where(path => !wanted.Contains(Path.GetFileName(path))))
                {
                    File.Delete(path);
                }
            }
        }
        catch (Exception exception) when (IsExpected(exception))
        {
            Report(exception.Message);
        }
    }

    private string PathOf(FileKind kind, BlobId id) => Path.Combine(_root, RepositoryFile.Key(kind, id));

    // One word of it is enough: a directory that cannot be written fails for each file.
    private void Report(string failure)
    {
        if (Interlocked.Exchange(ref _failed, 1) == 0)
        {
            onFailure?.Invoke($"the cache in {_root} is not used: {failure}");
        }
    }

    private static bool IsExpected(Exception exception) => exception is IOException or UnauthorizedAccessException;
}

using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Exporting;

/// <summary>Takes index files as a repository would, puts them under other keys elsewhere, and remembers them. Nothing is read from it.</summary>
internal sealed class IndexSink(IObjectStore to, string prefix) : IObjectStore
{
    private readonly List<ExportedFile> _written = [];

    public string Description => to.Description;

    /// <summary>The files that were put, under the keys that they have in a repository.</summary>
    internal IReadOnlyList<ExportedFile> Written => _written;

    public async ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken = default)
    {
        if (!RepositoryFile.TryParse(FileKind.Index, key, out var id))
        {
            throw new NotSupportedException($"{key} is no index file");
        }

        await to.PutAsync(prefix + id, content, mode, cancellationToken).ConfigureAwait(false);
        _written.Add(new ExportedFile(key, content.Length, id.ToString()));
    }

    public ValueTask<int> ReadAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public ValueTask<StoredObject?> FindAsync(string key, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public IAsyncEnumerable<StoredObject> ListAsync(string prefix, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

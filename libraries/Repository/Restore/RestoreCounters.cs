using System.Collections.Concurrent;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>Counts, conflicts and warnings of a run; safe from any thread.</summary>
internal sealed class RestoreCounters(RestorePlan plan, Action<RestoreProgress>? onProgress)
{
    private readonly ConcurrentQueue<RestoreConflict> _conflicts = [];
    private readonly ConcurrentQueue<string> _deletedPaths = [];
    private long _written, _unchanged, _deleted, _bytesWritten, _filesDone, _bytesDone;

    public RestoreWarnings Warnings { get; } = new();

    public void AddWritten() => Interlocked.Increment(ref _written);

    public void AddUnchanged() => Interlocked.Increment(ref _unchanged);

    public void AddDeleted(string path)
    {
        if (Interlocked.Increment(ref _deleted) <= RestoreReport.MaxDeletedPaths)
        {
            _deletedPaths.Enqueue(path);
        }
    }

    public void AddBytesWritten(long bytes) => Interlocked.Add(ref _bytesWritten, bytes);

    public void AddConflict(string path, string reason) => _conflicts.Enqueue(new RestoreConflict(path, reason));

    public void Report(long files, long bytes)
    {
        var filesDone = Interlocked.Add(ref _filesDone, files);
        var bytesDone = Interlocked.Add(ref _bytesDone, bytes);
        onProgress?.Invoke(new RestoreProgress(filesDone, plan.Files, bytesDone, plan.Bytes));
    }

    public RestoreReport ToReport() => new()
    {
        FilesWritten = _written,
        FilesUnchanged = _unchanged,
        FilesDeleted = _deleted,
        DeletedPaths = [.. _deletedPaths],
        BytesWritten = _bytesWritten,
        Conflicts = [.. _conflicts],
        Warnings = Warnings.ToList(),
    };
}

using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Snapshots;

namespace StellaOps.Backup.Repository.Archive;

/// <summary>Counts of a run; safe from any thread.</summary>
internal sealed class ArchiveCounters
{
    private long _filesNew, _filesChanged, _filesUnmodified, _directoriesNew, _directoriesChanged, _directoriesUnmodified, _bytes;

    public long Files => Interlocked.Read(ref _filesNew) + Interlocked.Read(ref _filesChanged) + Interlocked.Read(ref _filesUnmodified);

    public long Bytes => Interlocked.Read(ref _bytes);

    public void AddBytes(long bytes) => Interlocked.Add(ref _bytes, bytes);

    public void AddUnmodifiedFile() => Interlocked.Increment(ref _filesUnmodified);

    public void AddReadFile(bool isNew) => Interlocked.Increment(ref isNew ? ref _filesNew : ref _filesChanged);

    public void AddDirectory(bool isNew, bool isUnmodified) =>
        Interlocked.Increment(ref isNew ? ref _directoriesNew : ref isUnmodified ? ref _directoriesUnmodified : ref _directoriesChanged);

    public SnapshotSummary ToSummary(DateTimeOffset start, DateTimeOffset end, AddedBlobs added) => new()
    {
        BackupStart = start,
        BackupEnd = end,
        FilesNew = _filesNew,
        FilesChanged = _filesChanged,
        FilesUnmodified = _filesUnmodified,
        DirsNew = _directoriesNew,
        DirsChanged = _directoriesChanged,
        DirsUnmodified = _directoriesUnmodified,
        DataBlobs = added.DataBlobs,
        TreeBlobs = added.TreeBlobs,
        DataAdded = added.PlainBytes,
        DataAddedPacked = added.StoredBytes,
        TotalFilesProcessed = Files,
        TotalBytesProcessed = _bytes,
    };

    public ArchiveResult ToResult(Snapshot snapshot, long bytesRead, long bytesAdded, IReadOnlyList<ArchiveProblem> problems) => new()
    {
        Snapshot = snapshot,
        RootTree = snapshot.Tree,
        Files = Files,
        FilesNew = _filesNew,
        FilesChanged = _filesChanged,
        FilesUnmodified = _filesUnmodified,
        Bytes = _bytes,
        BytesRead = bytesRead,
        BytesAdded = bytesAdded,
        Problems = problems,
    };
}

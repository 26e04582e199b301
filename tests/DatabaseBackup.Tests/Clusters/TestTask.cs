using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup.Tests.Clusters;

/// <summary>A task as the worker library would hand it to a handler, with its log in memory.</summary>
internal sealed class TestTask : ITaskLog
{
    private readonly List<string> _lines = [];

    public TaskContext Context => field ??= new TaskContext
    {
        OperationId = Guid.CreateVersion7(),
        TaskId = Guid.CreateVersion7(),
        Attempt = 1,
        Progress = new TaskProgressMeter(TimeProvider.System),
        Log = this,
        SnapshotTags = ["stella.component=database"],
    };

    public IReadOnlyList<string> Lines => _lines;

    public void Info(string message) => Add(message);

    public void Warning(string message) => Add(message);

    public void Error(string message) => Add(message);

    private void Add(string line)
    {
        lock (_lines)
        {
            _lines.Add(line);
        }
    }
}

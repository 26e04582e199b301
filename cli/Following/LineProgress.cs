using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Cli.Following;

/// <summary>Progress for a pipe or a log: one timestamped line for what happens, and one every ten seconds for what runs.</summary>
internal sealed class LineProgress(TextWriter output, TimeProvider clock) : IProgressView
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly Dictionary<Guid, long> _reported = [];
    private readonly Dictionary<Guid, long> _waiting = [];

    public void Log(EventView line)
    {
        var subject = line.Component is { } component ? $"{component.Name()}: " : "";
        var level = line.Level == "info" ? "" : $"{line.Level}: ";
        output.WriteLine($"{Units.Time(line.At)} {level}{subject}{line.Message}");
    }

    public void Update(OperationView operation)
    {
        foreach (var task in operation.Tasks.Where(WaitsTooLong))
        {
            Write($"{ProgressText.Name(operation, task)}: waiting for a worker of {task.Component.Title(task.Cluster)}");
        }

        foreach (var task in operation.Tasks.Where(task => task is { State: "running", Progress: not null }))
        {
            if (operation.State == OperationState.Running && task.Progress is { } progress && IsDue(task.Id, progress))
            {
                Write($"{ProgressText.Name(operation, task)}: {ProgressText.Sentence(progress)}");
            }
        }
    }

    public void Remark(string text) => Write(text);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>True at intervals while nobody takes the task. One that failed and is queued again waits for its time, which is in the log.</summary>
    private bool WaitsTooLong(TaskView task)
    {
        if (task is not { State: "queued", Error: null })
        {
            _waiting.Remove(task.Id);
            return false;
        }

        if (_waiting.TryAdd(task.Id, clock.GetTimestamp()) || clock.GetElapsedTime(_waiting[task.Id]) < Interval)
        {
            return false;
        }

        _waiting[task.Id] = clock.GetTimestamp();
        return true;
    }

    /// <summary>The first amount at once, then everything at intervals; that a task begins is in the log.</summary>
    private bool IsDue(Guid task, TaskProgress progress)
    {
        var isKnown = _reported.TryGetValue(task, out var last);
        if (isKnown && clock.GetElapsedTime(last) < Interval)
        {
            return false;
        }

        var isWorthIt = isKnown || ProgressText.Amount(progress).Length > 0;
        _reported[task] = clock.GetTimestamp();
        return isWorthIt;
    }

    private void Write(string text) => output.WriteLine($"{Units.Time(clock.GetUtcNow())} {text}");
}

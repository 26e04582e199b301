using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;

namespace StellaOps.Backup.Cli.Following;

/// <summary>Progress for a pipe or a log: one timestamped line for what happens, and one every ten seconds for what runs.</summary>
internal sealed class LineProgress(TextWriter output, TimeProvider clock) : IProgressView
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly Dictionary<Guid, long> _reported = [];

    public void Log(EventView line)
    {
        var subject = line.Component is { } component ? $"{component.Name()}: " : "";
        var level = line.Level == "info" ? "" : $"{line.Level}: ";
        output.WriteLine($"{Units.Time(line.At)} {level}{subject}{line.Message}");
    }

    public void Update(OperationView operation)
    {
        foreach (var task in operation.Tasks.Where(task => task is { State: "running", Progress: not null }))
        {
            if (operation.State == OperationState.Running && IsDue(task.Id) && task.Progress is { } progress)
            {
                Write($"{ProgressText.Name(operation, task)}: {ProgressText.Sentence(progress)}");
            }
        }
    }

    public void Remark(string text) => Write(text);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private bool IsDue(Guid task)
    {
        if (_reported.TryGetValue(task, out var last) && clock.GetElapsedTime(last) < Interval)
        {
            return false;
        }

        _reported[task] = clock.GetTimestamp();
        return true;
    }

    private void Write(string text) => output.WriteLine($"{Units.Time(clock.GetUtcNow())} {text}");
}

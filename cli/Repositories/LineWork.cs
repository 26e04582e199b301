using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Cli.Repositories;

/// <summary>For a pipe or a log: a line every ten seconds.</summary>
internal sealed class LineWork(TextWriter output, TimeProvider clock) : IWorkView
{
    public TimeSpan Every => TimeSpan.FromSeconds(10);

    public void Show(TaskProgress progress) => output.WriteLine($"{Units.Time(clock.GetUtcNow())} {ProgressText.Sentence(progress)}");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

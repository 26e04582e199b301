using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Cli.Repositories;

/// <summary>For a program: <c>{"progress":…}</c> every second.</summary>
internal sealed class JsonLineWork(TextWriter output) : IWorkView
{
    public TimeSpan Every => TimeSpan.FromSeconds(1);

    public void Show(TaskProgress progress) => output.WriteLine(ApiJson.Line("progress", progress));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

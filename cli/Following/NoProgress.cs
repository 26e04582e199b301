using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Following;

/// <summary>Nothing but the result: <c>--quiet</c>, and one document of JSON.</summary>
internal sealed class NoProgress : IProgressView
{
    public void Log(EventView line)
    {
    }

    public void Update(OperationView operation)
    {
    }

    public void Remark(string text)
    {
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

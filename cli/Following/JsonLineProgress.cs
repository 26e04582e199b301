using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Following;

/// <summary>Progress for a program: every event as one line of JSON, <c>{"log":…}</c> or <c>{"operation":…}</c>.</summary>
internal sealed class JsonLineProgress(TextWriter output) : IProgressView
{
    public void Log(EventView line) => output.WriteLine(ApiJson.Line("log", line));

    public void Update(OperationView operation) => output.WriteLine(ApiJson.Line("operation", operation));

    public void Remark(string text)
    {
        // For a human; a program sees that the events pause.
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

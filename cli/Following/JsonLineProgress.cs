using System.Text.Json;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Following;

/// <summary>Progress for a program: every event as one line of JSON, <c>{"log":…}</c> or <c>{"operation":…}</c>.</summary>
internal sealed class JsonLineProgress(TextWriter output) : IProgressView
{
    public void Log(EventView line) => output.WriteLine(JsonSerializer.Serialize(new { log = line }, ApiJson.Lines));

    public void Update(OperationView operation) => output.WriteLine(JsonSerializer.Serialize(new { operation }, ApiJson.Lines));

    public void Remark(string text)
    {
        // For a human; a program sees that the events pause.
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

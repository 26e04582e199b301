using StellaOps.Backup.Workers;

namespace StellaOps.Backup.EvidenceBackup.Tests;

/// <summary>The log of a task, to be looked at.</summary>
internal sealed class RecordedLog : ITaskLog
{
    public List<string> Lines { get; } = [];

    /// <summary>Called once, with the next line: what happens while the task is at work.</summary>
    public Action<string>? OnNext { get; set; }

    public void Info(string message) => Add($"info: {message}");

    public void Warning(string message) => Add($"warning: {message}");

    public void Error(string message) => Add($"error: {message}");

    private void Add(string line)
    {
        Lines.Add(line);
        var act = OnNext;
        OnNext = null;
        act?.Invoke(line);
    }
}

using StellaOps.Backup.Workers;

namespace StellaOps.Backup.ConfigBackup.Tests;

/// <summary>The log of a task, to be looked at.</summary>
internal sealed class RecordedLog : ITaskLog
{
    public List<string> Lines { get; } = [];

    public void Info(string message) => Lines.Add($"info: {message}");

    public void Warning(string message) => Lines.Add($"warning: {message}");

    public void Error(string message) => Lines.Add($"error: {message}");
}

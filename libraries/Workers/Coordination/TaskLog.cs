using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Workers.Coordination;

/// <summary>Lines that wait for the next heartbeat; they also go to the process's own log.</summary>
internal sealed class TaskLog(TimeProvider clock, ILogger logger) : ITaskLog
{
    /// <summary>Lines of one heartbeat.</summary>
    private const int Batch = 200;

    /// <summary>Lines that may wait; more are only counted.</summary>
    private const int Capacity = 2000;
    private readonly ConcurrentQueue<TaskEvent> _lines = new();
    private int _waiting;
    private int _dropped;

    public void Info(string message) => Add(LogLevel.Information, "info", message);

    public void Warning(string message) => Add(LogLevel.Warning, "warning", message);

    public void Error(string message) => Add(LogLevel.Error, "error", message);

    /// <summary>Lines that were not yet delivered, oldest first. <see cref="Delivered"/> removes them.</summary>
    public IReadOnlyList<TaskEvent> Peek()
    {
        var dropped = Interlocked.Exchange(ref _dropped, 0);
        if (dropped > 0)
        {
            Enqueue("warning", $"{dropped} more lines are only in the log of the worker");
        }

        return [.. _lines.Take(Batch)];
    }

    /// <summary>The first <paramref name="count"/> lines are with the coordinator. Called by the one that peeked.</summary>
    public void Delivered(int count)
    {
        for (var i = 0; i < count && _lines.TryDequeue(out _); i++)
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private void Add(LogLevel level, string word, string message)
    {
        logger.Log(level, "{Message}", message);
        if (Volatile.Read(ref _waiting) >= Capacity)
        {
            Interlocked.Increment(ref _dropped);
            return;
        }

        Enqueue(word, message);
    }

    private void Enqueue(string level, string message)
    {
        Interlocked.Increment(ref _waiting);
        _lines.Enqueue(new TaskEvent { At = clock.GetUtcNow(), Level = level, Message = message });
    }
}

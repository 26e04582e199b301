namespace StellaOps.Backup.Contracts.Tasks;

/// <summary>How far a task is. Totals are null while they are unknown.</summary>
public sealed record TaskProgress
{
    /// <summary>A word for what runs now: <c>scan</c>, <c>read</c>, <c>verify</c>, <c>write</c>, <c>start</c>, <c>amcheck</c> ...</summary>
    public required string Phase { get; init; }
    public long FilesDone { get; init; }
    public long? FilesTotal { get; init; }
    public long BytesDone { get; init; }
    public long? BytesTotal { get; init; }

    /// <summary>Bytes per second over the last few seconds.</summary>
    public double BytesPerSecond { get; init; }
    public TimeSpan? Remaining { get; init; }
}

/// <summary>A line of an operation's log, made by a worker.</summary>
public sealed record TaskEvent
{
    public required DateTimeOffset At { get; init; }

    /// <summary><c>info</c>, <c>warning</c> or <c>error</c>.</summary>
    public required string Level { get; init; }
    public required string Message { get; init; }
}

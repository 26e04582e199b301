namespace StellaOps.Backup.Postgres.Wal;

/// <summary>What the records of a stretch of WAL say of time: commits, and named restore points.</summary>
public sealed record WalFacts
{
    /// <summary>Nothing found.</summary>
    public static WalFacts None { get; } = new();

    /// <summary>Time of the earliest commit by the server's clock; null without commits.</summary>
    public DateTimeOffset? FirstCommitAt { get; init; }

    /// <summary>Time of the latest commit; null without commits.</summary>
    public DateTimeOffset? LastCommitAt { get; init; }

    /// <summary>Restore points (<c>pg_create_restore_point</c>).</summary>
    public IReadOnlyList<RestorePoint> RestorePoints { get; init; } = [];

    /// <summary>Both stretches together.</summary>
    public WalFacts With(WalFacts other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new WalFacts
        {
            FirstCommitAt = Earliest(FirstCommitAt, other.FirstCommitAt),
            LastCommitAt = Latest(LastCommitAt, other.LastCommitAt),
            RestorePoints = [.. RestorePoints, .. other.RestorePoints],
        };
    }

    private static DateTimeOffset? Earliest(DateTimeOffset? one, DateTimeOffset? two) => one is null || two < one ? two ?? one : one;

    private static DateTimeOffset? Latest(DateTimeOffset? one, DateTimeOffset? two) => one is null || two > one ? two ?? one : one;
}

/// <summary>A named restore point.</summary>
/// <param name="Name">Its name; several points may share one.</param>
/// <param name="Lsn">Start of its record.</param>
/// <param name="At">Time by the server's clock.</param>
public sealed record RestorePoint(string Name, Lsn Lsn, DateTimeOffset At);

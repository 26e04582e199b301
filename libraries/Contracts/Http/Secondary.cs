namespace StellaOps.Backup.Contracts.Http;

/// <summary>How far the secondary location is behind; a member of the status.</summary>
public sealed record SecondaryStatus
{
    /// <summary>Its address, without what only says how to reach it.</summary>
    public required string Location { get; init; }

    /// <summary>Points that are not there yet, or not as they are here.</summary>
    public required long PointsBehind { get; init; }

    /// <summary>What the snapshots of these points added here, as stored: about what is still to be copied.</summary>
    public required long BytesBehind { get; init; }

    /// <summary>Points that are there.</summary>
    public required long Points { get; init; }

    /// <summary>The newest point there, and when it was taken; absent while there is none.</summary>
    public string? NewestPoint { get; init; }
    public DateTimeOffset? NewestAt { get; init; }

    /// <summary>
    /// For how long points have been waiting that are newer than all that is there of their component: what would be lost of backups with the first
    /// location. 0 when none waits.
    /// </summary>
    public required double LagSeconds { get; init; }

    /// <summary>WAL archives there, one for each cluster.</summary>
    public IReadOnlyList<SecondaryWal> Wal { get; init => field = value ?? []; } = [];

    /// <summary>Why nothing is copied now; absent while all is well.</summary>
    public string? Problem { get; init; }
}

/// <summary>The archived WAL of a cluster in the secondary location.</summary>
public sealed record SecondaryWal
{
    public required string Cluster { get; init; }

    /// <summary>Everything before this position is there.</summary>
    public required string ArchivedTo { get; init; }

    /// <summary>When what is there was all that the server had; absent when it never was.</summary>
    public DateTimeOffset? CaughtUpAt { get; init; }
}

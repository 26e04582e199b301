using System.Text.Json.Serialization;

namespace StellaOps.Backup.Contracts.Points;

/// <summary>How deep a proof looked.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ProofDepth>))]
public enum ProofDepth
{
    /// <summary>All data was read, authenticated and hashed.</summary>
    [JsonStringEnumMemberName("verified")] Verified = 1,

    /// <summary>The data was restored, started where it is a database, checked and queried.</summary>
    [JsonStringEnumMemberName("restored")] Restored = 2,
}

/// <summary>A recorded result of verify or test-restore, for one component of a point.</summary>
public sealed record ProofResult
{
    public required ProofDepth Depth { get; init; }
    public required long FilesChecked { get; init; }
    public required long BytesChecked { get; init; }
    public required IReadOnlyList<PhaseTime> Phases { get; init; }

    /// <summary>What was checked, in lines for a human: <c>412 indexes passed amcheck</c> ...</summary>
    public required IReadOnlyList<string> Findings { get; init; }

    /// <summary>WAL that was replayed from the archive; null where none was.</summary>
    public ReplayResult? Replay { get; init; }
}

/// <summary>A measured replay of archived WAL, from a base backup to the newest instant that could be reached.</summary>
public sealed record ReplayResult
{
    public required int Timeline { get; init; }

    /// <summary>Log sequence numbers as PostgreSQL prints them: where the base backup begins, and where the replay ended.</summary>
    public required string FromLsn { get; init; }
    public required string ToLsn { get; init; }

    /// <summary>Time of the newest commit that came back, by the server's clock; null when none is known.</summary>
    public DateTimeOffset? LastCommitAt { get; init; }
    public required long Segments { get; init; }
    public required long Bytes { get; init; }

    /// <summary>From the start of the server to the end of recovery.</summary>
    public required TimeSpan Duration { get; init; }
}

/// <summary>Measured duration of one phase.</summary>
public sealed record PhaseTime(string Phase, TimeSpan Duration)
{
    /// <summary>Plain bytes that it went through: read, written or replayed; null where it has nothing of that kind.</summary>
    public long? Bytes { get; init; }
}

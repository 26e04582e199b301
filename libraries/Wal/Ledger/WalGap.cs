using System.Text.Json.Serialization;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Wal.Manifests;

namespace StellaOps.Backup.Wal.Ledger;

/// <summary>Where a gap stands.</summary>
public enum GapState
{
    /// <summary>The bytes are missing, and no later base backup makes them needless.</summary>
    Open,

    /// <summary>The bytes were found again and archived.</summary>
    Refilled,

    /// <summary>The bytes are missing for ever; a base backup that was taken behind them opens a new window.</summary>
    Closed,
}

/// <summary>An entry of the gap ledger: bytes that are missing between others, or that were there and are not any more.</summary>
public sealed record WalGap : IWalDocument
{
    /// <summary>Version of the format.</summary>
    public int Version { get; init; } = WalJson.Version;

    /// <summary>Timeline of the missing segments.</summary>
    public required uint Timeline { get; init; }

    /// <summary>First missing byte.</summary>
    [JsonPropertyName("start")]
    public required Lsn StartLsn { get; init; }

    /// <summary>Behind the last missing byte.</summary>
    [JsonPropertyName("stop")]
    public required Lsn StopLsn { get; init; }

    /// <summary>Name of the first missing segment.</summary>
    public required string FirstSegment { get; init; }

    /// <summary>Name of the last missing segment.</summary>
    public required string LastSegment { get; init; }

    /// <summary>Why it is thought to be missing.</summary>
    public required string Reason { get; init; }

    /// <summary>When it was found, by the worker's clock.</summary>
    public required DateTimeOffset FoundAt { get; init; }

    /// <summary>Where it stands.</summary>
    public GapState State { get; init; } = GapState.Open;

    /// <summary>When it was refilled or closed.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>What refilled or closed it.</summary>
    public string? EndedBy { get; init; }
}

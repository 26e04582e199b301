using System.Text.Json.Serialization;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Wal;

namespace StellaOps.Backup.Wal.Manifests;

/// <summary>
/// A closed stretch of one timeline: which objects it consists of, and which times they cover. Each manifest names its predecessor by
/// digest, so that nothing in between can be taken out or exchanged unnoticed.
/// </summary>
public sealed record RangeManifest : IWalDocument
{
    /// <summary>Version of the format.</summary>
    public int Version { get; init; } = WalJson.Version;

    /// <summary>Cluster.</summary>
    public required ulong SystemIdentifier { get; init; }

    /// <summary>Name of the cluster in the configuration.</summary>
    public required string Cluster { get; init; }

    /// <summary>Timeline of all segments.</summary>
    public required uint Timeline { get; init; }

    /// <summary>Bytes of a segment.</summary>
    public required long SegmentSize { get; init; }

    /// <summary>First byte.</summary>
    [JsonPropertyName("start")]
    public required Lsn StartLsn { get; init; }

    /// <summary>Behind the last byte.</summary>
    [JsonPropertyName("stop")]
    public required Lsn StopLsn { get; init; }

    /// <summary>Time of the earliest commit; null without commits.</summary>
    public DateTimeOffset? FirstCommitAt { get; init; }

    /// <summary>Time of the latest commit; null without commits.</summary>
    public DateTimeOffset? LastCommitAt { get; init; }

    /// <summary>When it was closed, by the worker's clock.</summary>
    public required DateTimeOffset ClosedAt { get; init; }

    /// <summary>Key of the manifest before it on this timeline; null for the first one.</summary>
    public string? Previous { get; init; }

    /// <summary>SHA-256 of that manifest's object, lower-case hex.</summary>
    public string? PreviousDigest { get; init; }

    /// <summary>The segments, in order and without a hole; none where the timeline ended in its first segment.</summary>
    public required IReadOnlyList<SegmentEntry> Segments { get; init; }

    /// <summary>The unfinished segment behind them, where another timeline began; null in all but the last manifest of a timeline.</summary>
    public TailEntry? Tail { get; init; }
}

/// <summary>One segment in a manifest.</summary>
public sealed record SegmentEntry
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>SHA-256 of its bytes, lower-case hex; part of the object's key.</summary>
    public required string Digest { get; init; }

    /// <summary>Bytes of the object.</summary>
    public required long Length { get; init; }

    /// <summary>SHA-256 of the object; null when it was put by someone else than who wrote the manifest.</summary>
    public string? StoredDigest { get; init; }

    /// <summary>Time of its earliest commit record; null without one, or when nobody looked.</summary>
    public DateTimeOffset? FirstCommitAt { get; init; }

    /// <summary>Time of its latest commit record.</summary>
    public DateTimeOffset? LastCommitAt { get; init; }

    /// <summary>Named restore points in it.</summary>
    public IReadOnlyList<RestorePoint> RestorePoints { get => field ?? []; init; }
}

/// <summary>The unfinished segment of a timeline.</summary>
public sealed record TailEntry
{
    /// <summary>Name of the segment.</summary>
    public required string Name { get; init; }

    /// <summary>Behind its last archived byte.</summary>
    [JsonPropertyName("stop")]
    public required Lsn StopLsn { get; init; }

    /// <summary>Time of its earliest commit record; null without one.</summary>
    public DateTimeOffset? FirstCommitAt { get; init; }

    /// <summary>Time of its latest commit record.</summary>
    public DateTimeOffset? LastCommitAt { get; init; }

    /// <summary>Named restore points in it.</summary>
    public IReadOnlyList<RestorePoint> RestorePoints { get => field ?? []; init; }

    /// <summary>When the archive last had all of a timeline that was left, by the worker's clock; null in <c>state.json</c>, which says it itself.</summary>
    public DateTimeOffset? CaughtUpAt { get; init; }
}

/// <summary>A manifest as it is stored.</summary>
/// <param name="Key">Key of the object.</param>
/// <param name="Digest">SHA-256 of the object, lower-case hex.</param>
/// <param name="Content">What it says.</param>
public sealed record StoredManifest(string Key, string Digest, RangeManifest Content);

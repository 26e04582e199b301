using System.Text.Json.Serialization;
using StellaOps.Backup.Postgres;

namespace StellaOps.Backup.Wal.Manifests;

/// <summary>
/// <c>state.json</c>: what the archiver knows and the listing does not say, replaced every few seconds. Nothing depends on it but the
/// times of what no manifest holds yet.
/// </summary>
public sealed record ArchiveState : IWalDocument
{
    /// <summary>Version of the format.</summary>
    public int Version { get; init; } = WalJson.Version;

    /// <summary>Cluster.</summary>
    public required ulong SystemIdentifier { get; init; }

    /// <summary>Name of the cluster in the configuration.</summary>
    public required string Cluster { get; init; }

    /// <summary>Bytes of a segment.</summary>
    public required long SegmentSize { get; init; }

    /// <summary>Timeline that is archived now.</summary>
    public required uint Timeline { get; init; }

    /// <summary>Everything before it is in the archive, the tail included.</summary>
    public required Lsn ArchivedTo { get; init; }

    /// <summary><see cref="ArchivedTo"/>; null while nothing of the timeline is in the archive, as before the first push of a server that archives by itself.</summary>
    [JsonIgnore]
    public Lsn? Archived => ArchivedTo == default ? null : ArchivedTo;

    /// <summary>Time of the newest commit in the archive; null when none was seen.</summary>
    public DateTimeOffset? LastCommitAt { get; init; }

    /// <summary>When <see cref="ArchivedTo"/> was all that the server had, by the worker's clock; null when it never was.</summary>
    public DateTimeOffset? CaughtUpAt { get; init; }

    /// <summary>When this was written, by the worker's clock.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>The unfinished segment; null when nothing of it is in the archive.</summary>
    public TailEntry? Tail { get; init; }

    /// <summary>Segments that no manifest holds yet.</summary>
    public IReadOnlyList<SegmentEntry> Open { get => field ?? []; init; }
}

using System.Text.Json.Serialization;
using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.Repository.Snapshots;

/// <summary>A file of <c>snapshots/</c>: a root tree, and what it is of (restic design, "Snapshots"). Members stand in restic's order.</summary>
public sealed record Snapshot
{
    /// <summary>Tag of a snapshot that was made from a damaged one, without its damaged files. restic uses the same.</summary>
    public const string RepairedTag = "repaired";

    /// <summary>Name of the file; set when the snapshot was saved or loaded.</summary>
    [JsonIgnore]
    public BlobId Id { get; init; }

    public required DateTimeOffset Time { get; init; }

    /// <summary>Snapshot whose unchanged files were taken over unread.</summary>
    public BlobId? Parent { get; init; }

    /// <summary>Root tree; its first level holds one node for the first element of each path.</summary>
    public required BlobId Tree { get; init; }

    /// <summary>Absolute paths that were archived.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    public string? Hostname { get; init; }
    public string? Username { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public uint Uid { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public uint Gid { get; init; }
    public IReadOnlyList<string>? Excludes { get; init; }
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>First id of a snapshot that was rewritten, for example with other tags.</summary>
    public BlobId? Original { get; init; }
    public string? ProgramVersion { get; init; }

    /// <summary>True when its files are not those of its original: <c>repair snapshots</c> and restic's <c>rewrite</c> tag such snapshots.</summary>
    [JsonIgnore]
    public bool IsRewritten => Tags?.Any(tag => tag is RepairedTag or "rewrite") == true;
    public SnapshotSummary? Summary { get; init; }
}

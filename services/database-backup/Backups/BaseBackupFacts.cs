using System.Text.Json;
using System.Text.Json.Serialization;
using StellaOps.Backup.Contracts.Points;

namespace StellaOps.Backup.DatabaseBackup.Backups;

/// <summary><c>base-backup.json</c> at the root of a database snapshot: what a restore has to know and the files do not say.</summary>
internal sealed record BaseBackupFacts
{
    public const string FileName = "base-backup.json";
    public const int CurrentVersion = 1;

    public required int Version { get; init; }
    public required DatabaseCut Cut { get; init; }

    /// <summary>Exists in every copy of the cluster; restored copies are checked as this role.</summary>
    public required string Superuser { get; init; }

    /// <summary>Data directory on the host that was backed up.</summary>
    public required string DataDirectory { get; init; }
    public required long WalSegmentBytes { get; init; }

    /// <summary>Settings that a copy needs to replay and to open the databases.</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }
    public required IReadOnlyList<TablespaceFacts> Tablespaces { get; init; }

    /// <summary>What the next backup needs to leave unchanged files unread; null in snapshots of versions that read everything.</summary>
    public ReadFacts? Read { get; init; }

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, BaseBackupJson.Default.BaseBackupFacts);

    public static BaseBackupFacts? Parse(ReadOnlySpan<byte> json) => JsonSerializer.Deserialize(json, BaseBackupJson.Default.BaseBackupFacts);
}

/// <summary>When and how the files of a snapshot were read.</summary>
internal sealed record ReadFacts
{
    public const int UsualCutBytes = 1 << 20;

    /// <summary>Clock of the server's files right before they were listed (<see cref="Postgres.Files.ClusterListing.FileClock"/>).</summary>
    public required DateTimeOffset ListedAt { get; init; }

    /// <summary>When the data directory was made, by the ctime of its <c>PG_VERSION</c>: a standby, or a copy, has another one.</summary>
    public DateTimeOffset? DirectoryMadeAt { get; init; }

    /// <summary>When the server was started, by its own clock; null in snapshots of versions that did not ask.</summary>
    public DateTimeOffset? ServerStartedAt { get; init; }

    /// <summary>Clock of the files: when the newest backup began that read every file. The content of each file is at least as new.</summary>
    public required DateTimeOffset AllReadAt { get; init; }

    /// <summary>Length of the cuts of tables that were new (<see cref="Cuts"/>); null in snapshots of versions that knew only one.</summary>
    public int? CutBytes { get; init; }

    /// <summary>Files with pages that contradict their checksum: read again, and reported again, by every backup.</summary>
    public required IReadOnlyList<string> DamagedFiles { get; init; }
}

/// <summary>A tablespace and where it was.</summary>
internal sealed record TablespaceFacts(uint Oid, string Name, string Location);

[JsonSerializable(typeof(BaseBackupFacts))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
internal sealed partial class BaseBackupJson : JsonSerializerContext;

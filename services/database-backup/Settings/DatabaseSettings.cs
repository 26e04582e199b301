using System.ComponentModel.DataAnnotations;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Postgres.Backups;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.DatabaseBackup.Settings;

/// <summary>Section <c>Database</c> of docs/configuration.md.</summary>
internal sealed class DatabaseSettings : ComponentSettings, IValidatableObject
{
    /// <summary>Name of the cluster, for slots, metrics and lists.</summary>
    [Required]
    public string Name { get; set; } = "main";

    [Required]
    public string? ConnectionString { get; set; }

    public string? PasswordFile { get; set; }

    public string? DataDirectory { get; set; }

    /// <summary>From where a base backup reads.</summary>
    public FileSource Source { get; set; } = FileSource.Auto;

    /// <summary>How the server makes the checkpoint at the start of a backup.</summary>
    public StartCheckpoint Checkpoint { get; set; } = StartCheckpoint.Fast;

    public string? BinDirectory { get; set; }

    [Required]
    public string RunAs { get; set; } = "postgres";

    [Range(1, 64)]
    public int Connections { get; set; } = 4;

    /// <summary>A backup reads unchanged files, too, when the last one that did is as many days old; 0 reads everything every time.</summary>
    [Range(0, 3650)]
    public int FullReadDays { get; set; } = 7;

    public List<TestQuerySettings> TestQueries { get; set; } = [];

    public TestQuerySettings? EvidenceReferences { get; set; }

    /// <summary>Column that names the tenant of a row.</summary>
    [Required]
    public string TenantColumn { get; set; } = "tenant_id";

    /// <summary>
    /// A backup counts the rows of databases up to this size for its manifest; 0 counts none. Counting reads every table, and its hint bits may change
    /// files that the next backup would not have read.
    /// </summary>
    [Range(0, 1 << 30)]
    public int CountRowsMiB { get; set; }

    public MigrationSettings Migrations { get; set; } = new();

    public WalSettings Wal { get; set; } = new();

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => Clusters.IsName(Name)
        ? Wal.Validate()
        : Wal.Validate().Append(new ValidationResult($"'{Name}' cannot be the name of a cluster: 1 to {Clusters.LongestName} lower-case letters, digits, hyphens and underscores are wanted", [nameof(Name)]));
}

/// <summary>A query on a restored copy.</summary>
internal sealed class TestQuerySettings
{
    [Required]
    public string Database { get; set; } = "";

    [Required]
    public string Sql { get; set; } = "";
}

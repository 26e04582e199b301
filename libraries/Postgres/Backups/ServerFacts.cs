using System.Globalization;
using Npgsql;
using StellaOps.Backup.Postgres.Connections;

namespace StellaOps.Backup.Postgres.Backups;

/// <summary>What a backup has to know of the server that it reads.</summary>
public sealed record ServerFacts
{
    /// <summary>Oldest and newest major version that is supported.</summary>
    public const int OldestMajor = 15, NewestMajor = 18;

    /// <summary>15, 16 …</summary>
    public required int MajorVersion { get; init; }

    /// <summary>As the server prints it, <c>15.18 (Debian …)</c>.</summary>
    public required string Version { get; init; }

    /// <summary>When the server was started, by its own clock.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>True for a standby.</summary>
    public required bool InRecovery { get; init; }

    /// <summary>Absolute path on the server's host.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>True when the group of the owner may read the data directory.</summary>
    public required bool GroupReadable { get; init; }

    /// <summary>True when pages carry checksums.</summary>
    public required bool PageChecksums { get; init; }

    /// <summary>
    /// True when recovery after a crash writes every page anew that was changed since the last checkpoint (<c>full_page_writes</c>).
    /// </summary>
    public required bool FullPageWrites { get; init; }

    /// <summary>Bytes of a WAL segment.</summary>
    public required long WalSegmentSize { get; init; }

    /// <summary>Name of the bootstrap superuser, who exists in every copy of the cluster.</summary>
    public required string Superuser { get; init; }

    /// <summary>Settings that a copy needs to replay and to open the databases, as the server prints them.</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    private static readonly string[] NeededSettings =
    [
        "shared_preload_libraries", "max_connections", "max_worker_processes", "max_wal_senders", "max_prepared_transactions", "max_locks_per_transaction",
        "track_commit_timestamp",
    ];

    /// <summary>Asks the server, and refuses what cannot be backed up.</summary>
    /// <exception cref="ClusterException">
    /// <see cref="ClusterFailure.VersionMismatch"/> outside of versions 15 to 18; <see cref="ClusterFailure.Unsuitable"/> for
    /// <c>wal_level = minimal</c> or another size of blocks or segments.
    /// </exception>
    public static async Task<ServerFacts> ReadAsync(ClusterConnection cluster, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        const string Sql = """
            SELECT name, setting FROM pg_catalog.pg_settings
            UNION ALL SELECT 'data_directory', current_setting('data_directory')
            UNION ALL SELECT 'wal_segment_bytes', pg_size_bytes(current_setting('wal_segment_size'))::text
            UNION ALL SELECT 'in_recovery', pg_is_in_recovery()::text
            UNION ALL SELECT 'started_at', extract(epoch FROM pg_postmaster_start_time())::text
            UNION ALL SELECT 'superuser', rolname FROM pg_catalog.pg_roles WHERE oid = 10
            """;
        var rows = await cluster.QueryAsync(connection, Sql, row => (Name: row.GetString(0), Value: row.GetString(1)), cancellationToken).ConfigureAwait(false);
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in rows)
        {
            values[name] = value;
        }

        RefuseUnsuitable(values);
        return new ServerFacts
        {
            MajorVersion = Number(values, "server_version_num") / 10000,
            Version = values["server_version"],
            StartedAt = DateTimeOffset.UnixEpoch.AddTicks((long)(decimal.Parse(values["started_at"], CultureInfo.InvariantCulture) * TimeSpan.TicksPerSecond)),
            InRecovery = values["in_recovery"] == "true",
            DataDirectory = values["data_directory"],
            GroupReadable = values["data_directory_mode"].EndsWith("50", StringComparison.Ordinal),
            PageChecksums = values["data_checksums"] == "on",
            FullPageWrites = values["full_page_writes"] == "on",
            WalSegmentSize = Number(values, "wal_segment_bytes"),
            Superuser = values["superuser"],
            Settings = NeededSettings.ToDictionary(name => name, name => values.GetValueOrDefault(name, ""), StringComparer.Ordinal),
        };
    }

    /// <summary>Takes settings as <c>pg_settings</c> has them: sizes of segments in blocks.</summary>
    internal static void RefuseUnsuitable(Dictionary<string, string> values)
    {
        var major = Number(values, "server_version_num") / 10000;
        if (major is < OldestMajor or > NewestMajor)
        {
            throw new ClusterException(
                ClusterFailure.VersionMismatch, $"PostgreSQL {values["server_version"]} is not supported; versions {OldestMajor} to {NewestMajor} are");
        }

        var reason =
            values["wal_level"] == "minimal" ? "wal_level is minimal; a base backup needs replica or logical"
            : Number(values, "block_size") != Pages.PageChecksums.PageSize ? $"block_size is {values["block_size"]}; only {Pages.PageChecksums.PageSize} is supported"
            : Number(values, "segment_size") != Pages.PageChecksums.PagesPerSegment
                ? $"segment_size is {values["segment_size"]} blocks; only {Pages.PageChecksums.PagesPerSegment} (1 GiB) is supported: back this server up with pg_dump"
            : null;
        if (reason is not null)
        {
            throw new ClusterException(ClusterFailure.Unsuitable, reason);
        }
    }

    private static int Number(Dictionary<string, string> values, string name) => int.Parse(values[name], CultureInfo.InvariantCulture);
}

using Npgsql;
using StellaOps.Backup.Postgres.Connections;

namespace StellaOps.Backup.DatabaseBackup.Checks;

/// <summary>What the role has to be allowed for a backup.</summary>
internal static class BackupPrivileges
{
    private static readonly string[] Functions =
    [
        "pg_backup_start(text, boolean)", "pg_backup_stop(boolean)", "pg_ls_dir(text, boolean, boolean)", "pg_stat_file(text, boolean)",
        "pg_read_binary_file(text, bigint, bigint, boolean)",
    ];

    /// <summary>Statements that grant what the role lacks; empty when it lacks nothing.</summary>
    /// <exception cref="Postgres.ClusterException">Unreachable or refused.</exception>
    public static async Task<IReadOnlyList<string>> MissingAsync(ClusterConnection cluster, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var role = Sql.Identifier(cluster.Role);
        var functions = await cluster.QueryAsync(
            connection, "SELECT f FROM unnest($1::text[]) AS f WHERE NOT has_function_privilege('pg_catalog.' || f, 'EXECUTE')", row => row.GetString(0), cancellationToken, (object)Functions);
        var replication = await cluster.QueryAsync(
            connection, "SELECT rolreplication OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user", row => row.GetBoolean(0), cancellationToken);
        return
        [
            .. functions.Select(function => $"GRANT EXECUTE ON FUNCTION pg_catalog.{function} TO {role};"),
            .. replication is [true] ? Array.Empty<string>() : [$"ALTER ROLE {role} REPLICATION;"],
        ];
    }
}

using System.Globalization;

namespace StellaOps.Backup.Postgres.Servers;

/// <summary>
/// The whole configuration of a private server. Everything is given on the command line as well, because
/// <c>postgresql.auto.conf</c> in the data directory is read after any file and only the command line wins over it.
/// </summary>
internal static class PrivateServerConfiguration
{
    /// <summary>Only part of the socket's name: nothing listens on TCP.</summary>
    public const int Port = 5432;

    public static void Write(string runtimeDirectory, PrivateServerOptions options)
    {
        // The directory has mode 0700 and belongs to the account of the server: that is what keeps others out.
        File.WriteAllText(Path.Combine(runtimeDirectory, "postgresql.conf"), "");
        File.WriteAllText(Path.Combine(runtimeDirectory, "pg_hba.conf"), "local all all trust\n");
        File.WriteAllText(Path.Combine(runtimeDirectory, "pg_ident.conf"), "");
        if (options.RunAs is { } account && Environment.IsPrivilegedProcess)
        {
            Ownership.Give(runtimeDirectory, account);
        }
    }

    public static IEnumerable<string> Arguments(string runtimeDirectory, PrivateServerOptions options)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["data_directory"] = options.DataDirectory,
            ["config_file"] = Path.Combine(runtimeDirectory, "postgresql.conf"),
            ["hba_file"] = Path.Combine(runtimeDirectory, "pg_hba.conf"),
            ["ident_file"] = Path.Combine(runtimeDirectory, "pg_ident.conf"),
            ["external_pid_file"] = "",

            // Reachable by this process only.
            ["listen_addresses"] = "",
            ["unix_socket_directories"] = runtimeDirectory,
            ["port"] = Port.ToString(CultureInfo.InvariantCulture),
            ["ssl"] = "off",

            // No effect on the world: no archive, no replication, no jobs of extensions, nothing to wait for.
            ["archive_mode"] = "off",
            ["archive_command"] = "",
            ["archive_library"] = "",
            ["archive_cleanup_command"] = "",
            ["recovery_end_command"] = "",
            ["primary_conninfo"] = "",
            ["primary_slot_name"] = "",
            ["synchronous_standby_names"] = "",
            ["max_logical_replication_workers"] = "0",
            ["max_worker_processes"] = "0",
            ["shared_preload_libraries"] = "",
            ["session_preload_libraries"] = "",
            ["local_preload_libraries"] = "",

            // Recovery ends at the end of the WAL that lies in pg_wal, on a new timeline; connections are taken after it.
            ["hot_standby"] = "off",
            ["restore_command"] = "false",
            ["recovery_target"] = "",
            ["recovery_target_lsn"] = "",
            ["recovery_target_name"] = "",
            ["recovery_target_time"] = "",
            ["recovery_target_xid"] = "",
            ["recovery_target_timeline"] = "current",

            // A copy that can be made again needs no durability; it shall not disturb the host either.
            ["fsync"] = "off",
            ["full_page_writes"] = "off",
            ["autovacuum"] = "off",
            ["max_connections"] = "20",
            ["shared_buffers"] = "128MB",
            ["huge_pages"] = "off",
            ["logging_collector"] = "off",
            ["log_destination"] = "stderr",
            ["log_min_messages"] = "warning",
            ["default_transaction_read_only"] = "off",
        };
        foreach (var (name, value) in options.Settings)
        {
            settings[name] = value;
        }

        // Empty ones first: PostgreSQL takes an empty recovery target that follows a set one for a second target.
        return settings.OrderBy(setting => setting.Value.Length > 0).SelectMany(setting => (string[])["-c", $"{setting.Key}={setting.Value}"]);
    }
}

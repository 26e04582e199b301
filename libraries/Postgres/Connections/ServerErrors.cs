using System.Text.RegularExpressions;
using Npgsql;

namespace StellaOps.Backup.Postgres.Connections;

/// <summary>What the driver and the server report, in our words (SQLSTATE classes: PostgreSQL manual, appendix A).</summary>
internal static partial class ServerErrors
{
    // Signatures of the functions that the backup role needs, as GRANT wants them.
    private static readonly Dictionary<string, string> Signatures = new(StringComparer.Ordinal)
    {
        ["pg_ls_dir"] = "pg_ls_dir(text, boolean, boolean)",
        ["pg_stat_file"] = "pg_stat_file(text, boolean)",
        ["pg_read_binary_file"] = "pg_read_binary_file(text, bigint, bigint, boolean)",
        ["pg_backup_start"] = "pg_backup_start(text, boolean)",
        ["pg_backup_stop"] = "pg_backup_stop(boolean)",
    };

    public static ClusterException Translate(NpgsqlException failure, ClusterConnection cluster) => failure switch
    {
        PostgresException server => FromServer(server, cluster),
        _ => new ClusterException(
            ClusterFailure.Unreachable, $"PostgreSQL at {cluster.Endpoint} does not answer: {Reason(failure)}", inner: failure),
    };

    private static ClusterException FromServer(PostgresException failure, ClusterConnection cluster)
    {
        var text = failure.MessageText;
        return failure.SqlState switch
        {
            PostgresErrorCodes.InsufficientPrivilege => Denied(failure, cluster),
            var state when state.StartsWith("28", StringComparison.Ordinal) => new ClusterException(
                ClusterFailure.PermissionDenied, $"PostgreSQL at {cluster.Endpoint} refuses role '{cluster.Role}': {text}", inner: failure),
            var state when state.StartsWith("57P", StringComparison.Ordinal) || state.StartsWith("08", StringComparison.Ordinal)
                || state == PostgresErrorCodes.TooManyConnections => new ClusterException(
                    ClusterFailure.Unreachable, $"PostgreSQL at {cluster.Endpoint} takes no connections now: {text}", inner: failure),
            PostgresErrorCodes.ConfigurationLimitExceeded => new ClusterException(
                ClusterFailure.Unsuitable, $"PostgreSQL at {cluster.Endpoint}: {text}", "raise max_replication_slots and restart the server", failure),
            PostgresErrorCodes.InvalidCatalogName => new ClusterException(
                ClusterFailure.Unsuitable, $"PostgreSQL at {cluster.Endpoint}: {text}", inner: failure),
            var state => new ClusterException(ClusterFailure.QueryFailed, $"PostgreSQL refused a statement: {text} (SQLSTATE {state})", inner: failure),
        };
    }

    private static ClusterException Denied(PostgresException failure, ClusterConnection cluster)
    {
        var function = FunctionName().Match(failure.MessageText);
        var role = Sql.Identifier(cluster.Role);
        var remedy = function.Success && Signatures.TryGetValue(function.Groups[1].Value, out var signature)
            ? $"GRANT EXECUTE ON FUNCTION pg_catalog.{signature} TO {role};"
            : failure.MessageText.Contains("examine", StringComparison.Ordinal) ? $"GRANT pg_read_all_settings TO {role};"
            : failure.MessageText.Contains("replication", StringComparison.OrdinalIgnoreCase) ? $"ALTER ROLE {role} REPLICATION;"
            : null;
        return new ClusterException(
            ClusterFailure.PermissionDenied, $"role '{cluster.Role}' lacks a privilege: {failure.MessageText}", remedy, failure);
    }

    /// <summary>What the network or the driver says, and where that speaks of its own streams, what it means.</summary>
    private static string Reason(Exception failure) => failure.GetBaseException() switch
    {
        EndOfStreamException => "it ended the connection",
        TimeoutException => "it was silent for too long",

        // A server that stops ends what it streams with another message than the driver waits for, who takes that for a fault of its own.
        NpgsqlException ended when ended.Message.Contains("while expecting", StringComparison.Ordinal) => "it ended its answer early",
        var other => other.Message,
    };

    [GeneratedRegex(@"permission denied for function (\w+)")]
    private static partial Regex FunctionName();
}

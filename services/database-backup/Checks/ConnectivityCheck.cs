using System.Globalization;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Backups;
using StellaOps.Backup.Postgres.Connections;

namespace StellaOps.Backup.DatabaseBackup.Checks;

/// <summary><c>check.postgres.connectivity</c>: the cluster answers, quickly, to a role that may take a backup of it.</summary>
internal sealed class ConnectivityCheck(DatabaseSettings settings, SeenServer seen, TimeProvider clock) : IServiceCheck
{
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(100), TooSlow = TimeSpan.FromMilliseconds(500);

    public string Id => "check.postgres.connectivity";

    public string Category => "source";

    public string? Subject => "database";

    public async Task<CheckResult> RunAsync(CancellationToken cancellationToken)
    {
        await using var cluster = SourceConnection.Open(settings, connections: 1);
        try
        {
            await using var connection = await cluster.OpenAsync(cancellationToken);
            var started = clock.GetTimestamp();
            await cluster.QueryAsync(connection, "SELECT 1", row => row.GetInt32(0), cancellationToken);
            var answered = clock.GetElapsedTime(started);
            seen.SystemIdentifier = (await cluster.QueryAsync(
                connection, "SELECT system_identifier FROM pg_catalog.pg_control_system()", row => (ulong)row.GetInt64(0), cancellationToken))[0];
            var server = await ServerFacts.ReadAsync(cluster, connection, cancellationToken);
            var remedies = await BackupPrivileges.MissingAsync(cluster, connection, cancellationToken);
            return Result(cluster, answered, server.Version, remedies);
        }
        catch (ClusterException failure)
        {
            return Result("fail", failure.Message, Remedy(failure, cluster.Endpoint));
        }
    }

    private static IReadOnlyList<string> Remedy(ClusterException failure, string endpoint) =>
        failure.Remedy is { } known ? [known]
        : failure.Failure == ClusterFailure.Unreachable
            ? ["stella service start --all", $"Look at the server at {endpoint}, at the network between it and this worker, and at Database:ConnectionString."]
        : [];

    private CheckResult Result(ClusterConnection cluster, TimeSpan answered, string version, IReadOnlyList<string> remedies)
    {
        var milliseconds = answered.TotalMilliseconds.ToString("0.0", CultureInfo.InvariantCulture);
        var result = remedies.Count > 0
            ? Result("fail", $"role '{cluster.Role}' lacks {remedies.Count} privileges that a backup needs", remedies)
            : Result(
                answered > TooSlow ? "fail" : answered > Slow ? "warn" : "pass",
                $"PostgreSQL {version} at {cluster.Endpoint} answers in {milliseconds} ms",
                answered > Slow ? ["Look at the load of the server and at the network between it and this worker."] : []);
        return result with
        {
            Evidence = new Dictionary<string, string> { ["endpoint"] = cluster.Endpoint, ["role"] = cluster.Role, ["latency_ms"] = milliseconds, ["version"] = version },
        };
    }

    private CheckResult Result(string status, string message, IReadOnlyList<string> remedy) => new()
    {
        Check = Id,
        Category = Category,
        Subject = Subject,
        Status = status,
        Message = message,
        Remedy = remedy,
    };
}

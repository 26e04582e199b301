using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Control;
using StellaOps.Backup.Postgres.Servers;
using StellaOps.Backup.Workers.Checks;

namespace StellaOps.Backup.DatabaseBackup.Checks;

/// <summary>
/// <c>check.postgres.data-directory</c>: a restore in place would go to the directory of the configured server. Where the server
/// sees the volume at another path, its files tell: <c>global/pg_control</c> names the cluster, <c>postmaster.pid</c> the server.
/// </summary>
internal sealed class DataDirectoryCheck(DatabaseSettings settings) : IServiceCheck
{
    private const string Correct = "Correct Database:DataDirectory, or leave it out where the server runs on another host: restores then need --target.";

    public string Id => "check.postgres.data-directory";

    public string Category => "source";

    public string? Subject => "database";

    public async Task<CheckResult> RunAsync(CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(settings.DataDirectory))
        {
            return CheckResults.Skip(this, "Database:DataDirectory is not set; this worker does not restore in place");
        }

        if (!Directory.Exists(settings.DataDirectory))
        {
            return CheckResults.Fail(this, $"Database:DataDirectory is {settings.DataDirectory}, which does not exist on this host", Correct);
        }

        await using var cluster = SourceConnection.Open(settings, connections: 1);
        try
        {
            var rows = await cluster.QueryAsync(
                "SELECT current_setting('data_directory'), current_setting('port'), system_identifier FROM pg_control_system()",
                row => new Server(row.GetString(0), row.GetString(1), (ulong)row.GetInt64(2)),
                cancellationToken);
            return Compare(settings.DataDirectory, rows[0], cluster.Endpoint);
        }
        catch (ClusterException failure) when (failure.Failure is ClusterFailure.Unreachable or ClusterFailure.PermissionDenied)
        {
            // Both are failures of check.postgres.connectivity, which names the remedy.
            return CheckResults.Skip(this, $"the server does not tell its data directory: {failure.Message}");
        }
        catch (ClusterException failure)
        {
            return CheckResults.Fail(this, failure.Message);
        }
    }

    private CheckResult Compare(string configured, Server server, string endpoint) =>
        RealPath.Of(configured) == RealPath.Of(server.DataDirectory) ? CheckResults.Pass(this, $"the server at {endpoint} works on {configured}")
        : IsSeenElsewhereBy(server, configured) ? CheckResults.Pass(this, $"the server at {endpoint} works on {configured}, which it sees as {server.DataDirectory}")
        : CheckResults.Fail(this, $"Database:DataDirectory is {configured}, the server at {endpoint} works on {server.DataDirectory}", Correct);

    // A copy of the cluster has the same identifier; only the directory in use has a postmaster.pid with the server's own path and port.
    private static bool IsSeenElsewhereBy(Server server, string configured)
    {
        try
        {
            var control = ControlData.TryParse(File.ReadAllBytes(Path.Combine(configured, ControlData.Path)));
            var postmaster = File.ReadAllLines(Path.Combine(configured, "postmaster.pid"));
            return control?.SystemIdentifier == server.SystemIdentifier && postmaster is [_, var directory, _, var port, ..]
                && directory.TrimEnd('/') == server.DataDirectory.TrimEnd('/') && port == server.Port;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private sealed record Server(string DataDirectory, string Port, ulong SystemIdentifier);
}

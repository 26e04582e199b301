using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Hosting.Settings;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup.Settings;

/// <summary>Connections to the cluster under protection, as the settings describe it.</summary>
internal static class SourceConnection
{
    private const int Attempts = 4;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    /// <summary>The password is read each time, so that a changed one needs no restart.</summary>
    public static ClusterConnection Open(DatabaseSettings settings, int connections) => new(
        settings.ConnectionString!,
        settings.PasswordFile is null ? null : SecretFile.ReadFirstLine(settings.PasswordFile, "Database:PasswordFile"),
        connections);

    /// <summary>
    /// Asks the server before anything else is done, for a few seconds: a server that is just restarted is waited for. In a later attempt the server
    /// did answer once, and the coordinator's patience counts.
    /// </summary>
    /// <exception cref="BackupException"><c>source.down</c>, in the first attempt.</exception>
    /// <exception cref="ClusterException">It refuses the role, or did not answer in a later attempt.</exception>
    public static async Task RequireAnswerAsync(DatabaseSettings settings, TaskContext context, TimeProvider clock, CancellationToken cancellationToken)
    {
        await using var cluster = Open(settings, connections: 1);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await (await cluster.OpenAsync(cancellationToken)).DisposeAsync();
                return;
            }
            catch (ClusterException failure) when (failure.Failure == ClusterFailure.Unreachable && context.Attempt == 1)
            {
                if (attempt == Attempts)
                {
                    throw new BackupException(ErrorCodes.SourceDown, failure.Message, inner: failure);
                }

                context.Log.Warning($"{failure.Message}; asked again in {Pause.TotalSeconds:0} s");
                await Task.Delay(Pause, clock, cancellationToken);
            }
        }
    }
}

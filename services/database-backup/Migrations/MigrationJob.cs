using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Backups;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup.Migrations;

/// <summary>Applies what the running database lacks, by the configured command, and believes it only when the database says the same.</summary>
internal sealed class MigrationJob(DatabaseSettings settings, ResticRepository? repository, TimeProvider clock)
{
    public const string What = "the database";
    private const int Tail = 10;

    public async Task<TaskResult> RunAsync(TaskContext context, MigrationSpec spec, CancellationToken cancellationToken)
    {
        context.Progress.Begin("compare");
        await using var cluster = SourceConnection.Open(settings, connections: 2);
        var expected = await new ExpectedMigrations(settings.Migrations, clock).ReadAsync(spec.Newest, repository, cancellationToken);
        var applied = await AppliedAsync(cluster, context.Log, cancellationToken);
        var pending = MigrationRules.Require(What, expected, applied, spec.WithMigration || spec.DryRun);
        if (expected.Uncompared(applied) is { } uncompared)
        {
            context.Log.Warning(uncompared);
        }

        var report = new MigrationReport { Expected = expected.Source, Count = expected.Migrations.Count, Pending = [.. pending.Select(one => one.ToString())] };
        if (pending.Count == 0 || spec.DryRun)
        {
            return new TaskResult { Outcome = Outcome.Complete, Migration = report };
        }

        var started = clock.GetTimestamp();
        context.Progress.Begin("migrate");
        await ApplyAsync(context.Log, pending.Count, cancellationToken);

        // Durable by now: whatever the command committed. Running this again applies what is missing still.
        context.Progress.Begin("compare");
        var left = MigrationRules.Require(What, expected, await AppliedAsync(cluster, context.Log, cancellationToken), withMigration: true);
        return left.Count == 0
            ? new TaskResult { Outcome = Outcome.Complete, Migration = report with { Applied = true, Duration = clock.GetElapsedTime(started) } }
            : throw new BackupException(ErrorCodes.MigrationFailed, $"the command ended with 0, and of {expected.Source} is still pending: {left.Count}, first {left[0]}");
    }

    private async Task<MigrationList> AppliedAsync(ClusterConnection cluster, ITaskLog log, CancellationToken cancellationToken) =>
        MigrationList.Of(What, await new ClusterCatalog(cluster, settings, log).ReadMigrationsAsync(cancellationToken));

    private async Task ApplyAsync(ITaskLog log, int count, CancellationToken cancellationToken)
    {
        var command = settings.Migrations.Command;
        if (string.IsNullOrWhiteSpace(command))
        {
            throw new BackupException(
                ErrorCodes.NotConfigured, $"migrations are pending ({count}), and Database:Migrations:Command is not set", "Set it for the database worker, or run the migrations of the platform by hand.");
        }

        var tail = new Queue<string>();
        void Line(string line)
        {
            lock (tail)
            {
                tail.Enqueue(line);
                if (tail.Count > Tail)
                {
                    tail.Dequeue();
                }
            }

            log.Info($"migration: {line}");
        }

        log.Info($"applying pending migrations ({count}) by the configured command");
        try
        {
            var status = await MigrationCommand.RunAsync(command, Line, Line, TimeSpan.FromMinutes(settings.Migrations.TimeoutMinutes), clock, cancellationToken);
            if (status != 0)
            {
                throw new BackupException(ErrorCodes.MigrationFailed, $"the migration command ended with {status}: {string.Join("; ", tail)}");
            }
        }
        catch (TimeoutException late)
        {
            throw new BackupException(ErrorCodes.MigrationFailed, $"the migration command was ended: {late.Message} (Database:Migrations:TimeoutMinutes)", inner: late);
        }
    }
}

using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.DatabaseBackup.Progress;
using StellaOps.Backup.DatabaseBackup.Proofs;
using StellaOps.Backup.DatabaseBackup.Restores;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Control;
using StellaOps.Backup.Postgres.Recovery;
using StellaOps.Backup.Postgres.Servers;
using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Wal.Recovery;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup.Recoveries;

/// <summary>Replays WAL on a restored base backup with a private server, up to the target, and leaves a cluster that was stopped in order.</summary>
internal sealed class RecoveryServer(DatabaseSettings settings, Account owner, TimeProvider clock)
{
    // A replay may take days; a failing server ends by itself, and the operation can be cancelled.
    private static readonly TimeSpan StartTimeout = TimeSpan.FromDays(14);
    private const string NotReached = "recovery ended before configured recovery target was reached";

    /// <param name="snapshot">Base backup.</param>
    /// <param name="target">Where it is restored.</param>
    /// <param name="plan">What is replayed.</param>
    /// <param name="durable">False for a copy that is thrown away.</param>
    /// <param name="log">Log of the task.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<PrivateServerOptions> OptionsAsync(
        DatabaseSnapshot snapshot, RestoreTarget target, RecoveryPlan plan, bool durable, ITaskLog log, CancellationToken cancellationToken)
    {
        var options = await CopyServer.OptionsAsync(snapshot.Facts, settings, owner, target.DataDirectory, durable, log, cancellationToken);
        var all = new Dictionary<string, string>(options.Settings, StringComparer.Ordinal)
        {
            // This copy may be the cluster from now on.
            ["full_page_writes"] = "on",
            ["recovery_target_timeline"] = plan.Timeline == plan.Base.Timeline ? "current" : $"{plan.Timeline}",

            // Switched on after the base backup, its times would be dropped at the end of the recovery. A cluster that has it off drops them at its next start by itself.
            ["track_commit_timestamp"] = "on",
        };
        foreach (var (name, value) in plan.Target.Settings())
        {
            all[name] = value;
        }

        return options with { Settings = all, StartTimeout = StartTimeout };
    }

    /// <summary>Replays, promotes, checks that the replay stopped where it was planned to, and stops the server.</summary>
    /// <returns>The new timeline, with the place where it begins.</returns>
    /// <exception cref="BackupException">The server did not reach the target; it is not promoted then.</exception>
    public async Task<TimelineHistory> ReplayAsync(
        TaskContext context, PrivateServerOptions options, ReplayPlace place, RecoveryArchive archive, RecoveryPlan plan, CancellationToken cancellationToken)
    {
        var (server, history) = await StartAsync(context, options, place, archive, plan, cancellationToken);
        await using var _ = server;
        await server.StopAsync();
        return RequireStopped(options.DataDirectory, history);
    }

    /// <summary>The same with a server that runs on; the caller disposes it.</summary>
    public async Task<(PrivateServer Server, TimelineHistory History)> StartAsync(
        TaskContext context, PrivateServerOptions options, ReplayPlace place, RecoveryArchive archive, RecoveryPlan plan, CancellationToken cancellationToken)
    {
        var totals = new RunningTotals(context.Progress);
        var spool = new SegmentSpool(archive.Reader, plan.Segments, place.Spool, archive.SegmentSize)
        {
            OnAsked = count => totals.Report(count, count * archive.SegmentSize),
        };
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var replaying = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var served = ServeAsync(spool, replaying, stop.Token);
        try
        {
            var replay = options with { Settings = new Dictionary<string, string>(options.Settings, StringComparer.Ordinal) { ["restore_command"] = place.Spool.RestoreCommand } };
            var server = await PrivateServer.StartAsync(replay, clock, replaying.Token);
            return (server, await BeganAsync(server, options.DataDirectory, plan, cancellationToken));
        }
        catch (OperationCanceledException) when (spool.Failure is { } cause && !cancellationToken.IsCancellationRequested)
        {
            throw BrokeOff(cause);
        }
        catch (ClusterException failed) when (failed.Failure == ClusterFailure.StartFailed)
        {
            throw Explain(failed, plan, spool);
        }
        finally
        {
            await stop.CancelAsync();
            await served;
        }
    }

    /// <summary>Stops the server when there is nobody who answers it any more: it need not have learnt that, and would wait as long as it may.</summary>
    private static async Task ServeAsync(SegmentSpool spool, CancellationTokenSource replaying, CancellationToken cancellationToken)
    {
        await spool.RunAsync(cancellationToken);
        if (spool.Failure is not null)
        {
            await replaying.CancelAsync();
        }
    }

    /// <summary>The history of the timeline that the server has begun, when it is the one that was planned; else the server is stopped.</summary>
    private static async Task<TimelineHistory> BeganAsync(PrivateServer server, string dataDirectory, RecoveryPlan plan, CancellationToken cancellationToken)
    {
        try
        {
            var history = await BeganAsync(server, dataDirectory, cancellationToken);
            Verify(history, plan);
            return history;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    private static async Task<TimelineHistory> BeganAsync(PrivateServer server, string dataDirectory, CancellationToken cancellationToken)
    {
        await using var connection = server.Connect("template1");
        var segment = (await connection.QueryAsync("SELECT pg_walfile_name(pg_current_wal_insert_lsn()) WHERE NOT pg_is_in_recovery()", row => row.GetString(0), cancellationToken)).SingleOrDefault();
        if (!WalName.TryParse(segment, out var name))
        {
            throw new BackupException(ErrorCodes.ProofFailed, "the server takes connections and says that it is still in recovery");
        }

        var file = Path.Combine(dataDirectory, "pg_wal", WalName.History(name.Timeline));
        return TimelineHistory.Parse(name.Timeline, await File.ReadAllBytesAsync(file, cancellationToken));
    }

    /// <summary>The history of the new timeline says where the replay ended; the plan says where it had to.</summary>
    private static void Verify(TimelineHistory history, RecoveryPlan plan)
    {
        var ended = history.Parent ?? throw new BackupException(ErrorCodes.ProofFailed, "the recovered cluster did not begin a new timeline");
        var expected = plan.Stop.At;
        var right = plan.Target.Kind == RecoveryTargetKind.Immediate
            ? ended.At >= plan.Base.Start && ended.At <= new Lsn(expected.Value + WalPage)
            : ended.At == expected || AfterPageHeader(ended.At, expected);
        if (!right)
        {
            throw new BackupException(
                ErrorCodes.ProofFailed,
                $"the replay ended at {ended.At}, and {plan.Asked} is at {expected}: the recovered cluster is not what was asked for",
                "Do not use the recovered directory. Run the command again; report it when that ends the same way.");
        }
    }

    private const ulong WalPage = 8192;

    /// <summary>Between the end of a page and the first record behind the next one's header lies nothing.</summary>
    private static bool AfterPageHeader(Lsn one, Lsn other)
    {
        const ulong longestHeader = 40;
        var (first, second) = one < other ? (one.Value, other.Value) : (other.Value, one.Value);
        return first % WalPage == 0 && second - first <= longestHeader;
    }

    private static TimelineHistory RequireStopped(string dataDirectory, TimelineHistory history)
    {
        var control = ControlData.TryParse(File.ReadAllBytes(Path.Combine(dataDirectory, ControlData.Path)));
        return control is { State: ClusterState.ShutDown } && control.Timeline == history.Timeline
            ? history
            : throw new BackupException(ErrorCodes.ProofFailed, $"the recovered cluster could not be stopped in order (state {control?.State}, timeline {control?.Timeline})");
    }

    private static BackupException Explain(ClusterException failed, RecoveryPlan plan, SegmentSpool spool) =>
        spool.Failure is { } cause ? BrokeOff(cause)
        : failed.Message.Contains(NotReached, StringComparison.Ordinal) ? new BackupException(
            ErrorCodes.TargetNotReachable, $"the replay came to the end of the WAL before {plan.Asked}; the server was not promoted. {failed.Message}")
        : new BackupException(ErrorCodes.ProofFailed, $"the replay failed: {failed.Message}", "The data directory is not usable. The server's last lines say why; run the command again after that is solved.", failed);

    private static BackupException BrokeOff(Exception cause) => new(
        ErrorCodes.Damaged, $"the replay broke off: {cause.Message}", "The data directory is not usable. Run the command again when the cause is gone, or choose an earlier target.", cause);
}

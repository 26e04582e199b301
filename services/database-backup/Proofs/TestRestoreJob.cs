using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Progress;
using StellaOps.Backup.DatabaseBackup.Recoveries;
using StellaOps.Backup.DatabaseBackup.Restores;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Checks;
using StellaOps.Backup.Postgres.Servers;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal.Recovery;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup.Proofs;

/// <summary>Proves a snapshot: restores it, starts PostgreSQL on the copy, checks and queries it, and removes it.</summary>
internal sealed class TestRestoreJob(ResticRepository repository, IObjectStore location, DatabaseSettings settings, TimeProvider clock)
{
    public async Task<TaskResult> RunAsync(TaskContext context, TestRestoreSpec spec, CancellationToken cancellationToken)
    {
        var owner = FileOwner.Of(settings);
        var snapshot = await DatabaseSnapshot.LoadAsync(repository, spec.SnapshotId, cancellationToken);
        var writer = new ClusterWriter(repository, owner);
        var phases = new PhaseClock(context.Progress, clock);
        var planned = RestoreTarget.Under(spec.TargetDirectory ?? ScratchArea.PathOf(settings.ScratchDirectory, ScratchArea.Database, context.TaskId));
        if (spec.TargetDirectory is not null && !File.Exists(planned.MarkerFile))
        {
            await new RestoreChecks(settings).RunAsync(planned, snapshot, keepReplaced: false, dryRun: false, cancellationToken);
        }

        await using var replay = spec.Replay ? await phases.RunAsync("search", () => PlanReplayAsync(context, spec, snapshot, owner, cancellationToken)) : null;
        var size = await phases.RunAsync("plan", () => writer.CheckAsync(snapshot, planned, VerifyFirst.Nothing, context.Progress, cancellationToken));
        SpaceCheck.Run([(planned.Directory, size.Bytes)], replaced: true);
        var programs = await ServerPrograms.FindAsync(snapshot.Facts.Cut.MajorVersion, settings.BinDirectory, cancellationToken);
        if (spec.DryRun)
        {
            return DryRun(planned, size, programs, replay?.Plan);
        }

        await using var area = spec.TargetDirectory is null
            ? await ScratchArea.OpenAsync(settings.ScratchDirectory, ScratchArea.Database, context.TaskId, clock, cancellationToken)
            : await ScratchArea.KeepAsync(planned, clock, cancellationToken);
        await phases.RunAsync("restore", () => writer.WriteAsync(snapshot, planned, context.Progress, cancellationToken, replay?.Plan.Target), size.Files, size.Bytes);
        var findings = new ProofFindings();
        ReplayResult? replayed;
        try
        {
            replayed = await ProveAsync(context, spec, snapshot, planned, owner, replay, phases, findings, cancellationToken);
        }
        catch (ClusterException failed) when (failed.Failure is ClusterFailure.QueryFailed or ClusterFailure.Unreachable or ClusterFailure.Damaged)
        {
            // Whatever a copy cannot answer, or dies of, speaks against the copy and not against the live cluster.
            throw Failed(snapshot, replay, $"failed: {failed.Message}", failed);
        }

        return Result(snapshot, replay, size, phases, findings, replayed) with
        {
            EvidenceReferencesKey = settings.EvidenceReferences is null ? null : spec.EvidenceReferencesKey,
        };
    }

    private async Task<Replay> PlanReplayAsync(TaskContext context, TestRestoreSpec spec, DatabaseSnapshot snapshot, Account owner, CancellationToken cancellationToken)
    {
        var archive = await RecoveryArchive.OpenAsync(location, settings, spec.PointName, snapshot.Facts.Cut, snapshot.Snapshot.Time, cancellationToken);
        var plan = await archive.PlanNewestAsync(cancellationToken);
        if (await archive.HistoryOf(repository).FindOtherAsync(snapshot, plan, cancellationToken) is { } segment)
        {
            throw new BackupException(ErrorCodes.WalConflict, $"the base backup of '{spec.PointName}' is of another history than the archived WAL: segment {segment} differs");
        }

        await archive.CheckAsync(plan, _ => { }, cancellationToken);
        context.Log.Info($"{plan.Replay} lead to {plan.Stop.At} of timeline {plan.Timeline}");
        return new Replay(archive, plan, await ReplayPlace.OpenAsync(settings, owner, context.TaskId, clock, cancellationToken));
    }

    private async Task<ReplayResult?> ProveAsync(
        TaskContext context, TestRestoreSpec spec, DatabaseSnapshot snapshot, RestoreTarget target, Account owner, Replay? replay, PhaseClock phases, ProofFindings findings,
        CancellationToken cancellationToken)
    {
        var facts = snapshot.Facts;
        var durable = spec.TargetDirectory is not null;
        var options = replay is null
            ? await CopyServer.OptionsAsync(facts, settings, owner, target.DataDirectory, durable, context.Log, cancellationToken)
            : await new RecoveryServer(settings, owner, clock).OptionsAsync(snapshot, target, replay.Plan, durable, context.Log, cancellationToken);
        var replayed = (ReplayResult?)null;
        await using (var server = replay is null
            ? await phases.RunAsync("start", () => PrivateServer.StartAsync(options, clock, cancellationToken))
            : await ReplayAsync(context, options, owner, replay, phases, cancellationToken))
        {
            replayed = replay is null ? null : Measured(replay.Plan, phases);
            findings.Add(replayed is null
                ? $"PostgreSQL {facts.Cut.MajorVersion} started on the copy, replayed WAL to {facts.Cut.StopLsn} and left recovery"
                : $"PostgreSQL {facts.Cut.MajorVersion} started on the copy, replayed {replayed.Segments} archived segments with {replayed.Bytes} bytes to {replayed.ToLsn}, where WAL ends, and left recovery");
            var checks = new CopyChecks(server, context, findings, settings.TenantColumn);
            await phases.RunAsync("amcheck", () => checks.CheckRelationsAsync(cancellationToken));
            await phases.RunAsync("count", () => checks.CountRowsAsync(cancellationToken));
            await phases.RunAsync("query", () => checks.RunQueriesAsync(settings.TestQueries, cancellationToken));
            if (spec.EvidenceReferencesKey is { } key && settings.EvidenceReferences is { } query)
            {
                var references = await phases.RunAsync("references", () => new EvidenceReferenceExport(location).RunAsync(server, query, key, cancellationToken));
                findings.Add($"{references} evidence files are referred to");
            }

            await phases.RunAsync("stop", async () =>
            {
                await server.StopAsync();
                return true;
            });
        }

        if (facts.Cut.PageChecksums)
        {
            var report = await phases.RunAsync("checksums", () => OfflineChecksums.RunAsync(target.DataDirectory, options.BinDirectory, owner, cancellationToken));
            findings.Add($"the checksums of {report.Pages} pages are right ({report.Checker})", report.Problems);
        }

        return replayed;
    }

    private async Task<PrivateServer> ReplayAsync(TaskContext context, PrivateServerOptions options, Account owner, Replay replay, PhaseClock phases, CancellationToken cancellationToken)
    {
        var (archive, plan, place) = replay;
        var (server, _) = await phases.RunAsync(
            "replay", () => new RecoveryServer(settings, owner, clock).StartAsync(context, options, place, archive, plan, cancellationToken),
            plan.Segments.Count, plan.Segments.Count * archive.SegmentSize);
        return server;
    }

    private static ReplayResult Measured(RecoveryPlan plan, PhaseClock phases) => new()
    {
        Timeline = (int)plan.Timeline,
        FromLsn = plan.Base.Start.ToString(),
        ToLsn = plan.Stop.At.ToString(),
        LastCommitAt = plan.Stop.LastCommitAt,
        Segments = plan.Segments.Count,
        Bytes = plan.Bytes,
        Duration = phases.Phases[^1].Duration,
    };

    private static TaskResult DryRun(RestoreTarget target, RestoreSize size, string programs, RecoveryPlan? replay) => new()
    {
        Outcome = Outcome.Complete,
        Restore = new RestoreResult
        {
            TargetDirectory = target.Directory,
            Notes =
            [
                $"{size.Files} files with {size.Bytes} bytes would be restored to {target.Directory}, which has room for them",
                .. replay is null ? (string[])[] : [$"{replay.Replay} would be replayed from the archive, to {replay.Stop.At} of timeline {replay.Timeline}"],
                $"PostgreSQL would be started on them from {programs}, checked, queried and stopped",
            ],
        },
    };

    private static BackupException Failed(DatabaseSnapshot snapshot, Replay? replay, string how, Exception? inner = null) => replay is null
        ? new BackupException(ErrorCodes.ProofFailed, $"the restored copy of snapshot {snapshot.Snapshot.Id} {how}", inner: inner)
        : new BackupException(
            ErrorCodes.ProofFailed, $"the restored copy of snapshot {snapshot.Snapshot.Id}, with WAL replayed to {replay.Plan.Stop.At} of timeline {replay.Plan.Timeline}, {how}",
            "What the WAL brought may have done it, and the live database have it, too. The point itself is tried without --replay.", inner);

    private static TaskResult Result(DatabaseSnapshot snapshot, Replay? replay, RestoreSize size, PhaseClock phases, ProofFindings findings, ReplayResult? replayed)
    {
        if (findings.Problems.Count > 0)
        {
            var shown = findings.Problems.Take(10).ToList();
            var more = findings.Problems.Count > shown.Count ? $"; and {findings.Problems.Count - shown.Count} more" : "";
            throw Failed(snapshot, replay, $"has {findings.Problems.Count} problems: {string.Join("; ", shown)}{more}");
        }

        return new TaskResult
        {
            Outcome = Outcome.Complete,
            Proof = new ProofResult
            {
                Depth = ProofDepth.Restored,
                FilesChecked = size.Files,
                BytesChecked = size.Bytes,
                Phases = phases.Phases,
                Findings = findings.Findings,
                Replay = replayed,
            },
        };
    }

    private sealed record Replay(RecoveryArchive Archive, RecoveryPlan Plan, ReplayPlace Place) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Place.DisposeAsync();
    }
}

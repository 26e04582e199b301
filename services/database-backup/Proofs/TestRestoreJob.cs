using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Progress;
using StellaOps.Backup.DatabaseBackup.Restores;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Checks;
using StellaOps.Backup.Postgres.Servers;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Storage;
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
        var planned = RestoreTarget.Under(spec.TargetDirectory ?? Path.Combine(settings.ScratchDirectory, $"database-{context.TaskId:n}"));
        if (spec.TargetDirectory is not null && !File.Exists(planned.MarkerFile))
        {
            await new RestoreChecks(settings).RunAsync(planned, snapshot, keepReplaced: false, dryRun: false, cancellationToken);
        }

        var size = await phases.RunAsync("plan", () => writer.CheckAsync(snapshot, planned, readData: false, cancellationToken));
        SpaceCheck.Run(planned.Directory, size.Bytes, replaced: true);
        var programs = await ServerPrograms.FindAsync(snapshot.Facts.Cut.MajorVersion, settings.BinDirectory, cancellationToken);
        if (spec.DryRun)
        {
            return DryRun(planned, size, programs);
        }

        await using var area = spec.TargetDirectory is null
            ? await ScratchArea.OpenAsync(settings.ScratchDirectory, context.TaskId, clock, cancellationToken)
            : await ScratchArea.KeepAsync(planned, clock, cancellationToken);
        await phases.RunAsync("restore", () => writer.WriteAsync(snapshot, planned, context.Progress, cancellationToken), size.Files, size.Bytes);
        var findings = new ProofFindings();
        try
        {
            await ProveAsync(context, spec, snapshot, planned, owner, phases, findings, cancellationToken);
        }
        catch (ClusterException failed) when (failed.Failure is ClusterFailure.QueryFailed or ClusterFailure.Unreachable or ClusterFailure.Damaged)
        {
            // Whatever a copy cannot answer, or dies of, speaks against the copy and not against the live cluster.
            throw new BackupException(ErrorCodes.ProofFailed, $"the restored copy of snapshot {snapshot.Snapshot.Id} failed: {failed.Message}", inner: failed);
        }

        return Result(snapshot, size, phases, findings) with
        {
            EvidenceReferencesKey = settings.EvidenceReferences is null ? null : spec.EvidenceReferencesKey,
        };
    }

    private async Task ProveAsync(
        TaskContext context, TestRestoreSpec spec, DatabaseSnapshot snapshot, RestoreTarget target, Account owner, PhaseClock phases, ProofFindings findings, CancellationToken cancellationToken)
    {
        var facts = snapshot.Facts;
        var options = await CopyServer.OptionsAsync(facts, settings, owner, target.DataDirectory, durable: spec.TargetDirectory is not null, context.Log, cancellationToken);
        await using (var server = await phases.RunAsync("start", () => PrivateServer.StartAsync(options, clock, cancellationToken)))
        {
            findings.Add($"PostgreSQL {facts.Cut.MajorVersion} started on the copy, replayed WAL to {facts.Cut.StopLsn} and left recovery");
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
    }

    private static TaskResult DryRun(RestoreTarget target, RestoreSize size, string programs) => new()
    {
        Outcome = Outcome.Complete,
        Restore = new RestoreResult
        {
            TargetDirectory = target.Directory,
            Notes =
            [
                $"{size.Files} files with {size.Bytes} bytes would be restored to {target.Directory}, which has room for them",
                $"PostgreSQL would be started on them from {programs}, checked, queried and stopped",
            ],
        },
    };

    private static TaskResult Result(DatabaseSnapshot snapshot, RestoreSize size, PhaseClock phases, ProofFindings findings)
    {
        if (findings.Problems.Count > 0)
        {
            var shown = findings.Problems.Take(10).ToList();
            var more = findings.Problems.Count > shown.Count ? $"; and {findings.Problems.Count - shown.Count} more" : "";
            throw new BackupException(ErrorCodes.ProofFailed, $"the restored copy of snapshot {snapshot.Snapshot.Id} has {findings.Problems.Count} problems: {string.Join("; ", shown)}{more}");
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
            },
        };
    }
}

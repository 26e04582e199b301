using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Progress;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Backups;
using StellaOps.Backup.Postgres.Checks;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Queries;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup.Integrity;

/// <summary>
/// Checks the running cluster and changes nothing in it: every page, every B-tree index against its table, every table, constraints,
/// sequences, collations, and the rows by schema and tenant against a recovery point. What cannot be checked is said, with what is missing.
/// </summary>
internal sealed class IntegrityJob(DatabaseSettings settings, RowReference reference, TimeProvider clock)
{
    public async Task<TaskResult> RunAsync(TaskContext context, IntegritySpec spec, CancellationToken cancellationToken)
    {
        await using var cluster = SourceConnection.Open(settings, settings.Connections + 1);
        var facts = await FactsAsync(cluster, cancellationToken);
        var phases = new PhaseClock(context.Progress, clock);
        var findings = new IntegrityFindings();
        var pages = new PageCheck(settings, cluster, facts, context);
        await phases.RunAsync("pages", () => pages.RunAsync(findings, cancellationToken));

        var databases = (await DatabaseList.ReadAsync(cluster, cancellationToken)).Where(database => database.Connectable).ToList();
        await phases.RunAsync("amcheck", () => EachAsync(cluster, databases, ["indexes", "tables"], findings, (database, name) => CheckRelationsAsync(database, name, context, findings, cancellationToken), cancellationToken));
        await phases.RunAsync("catalogs", () => EachAsync(cluster, databases, ["constraints", "sequences", "collation"], findings, (database, name) => CheckCatalogsAsync(database, name, findings, cancellationToken), cancellationToken));

        var point = await phases.RunAsync("point", () => reference.FindAsync(cluster, spec.Points, context.Log, cancellationToken));
        var comparison = new RowComparison(settings.TenantColumn, point, context.Progress);
        await phases.RunAsync("rows", () => EachAsync(cluster, databases, ["rows"], findings, (database, name) => comparison.RunAsync(database, name, findings, cancellationToken), cancellationToken));
        comparison.AddLostDatabases(databases, findings);
        return Result(findings, point, phases);
    }

    private static async Task<ServerFacts> FactsAsync(ClusterConnection cluster, CancellationToken cancellationToken)
    {
        var connection = await cluster.OpenAsync(cancellationToken);
        await using var _ = connection;
        return await ServerFacts.ReadAsync(cluster, connection, cancellationToken);
    }

    /// <summary>One database after the other; one that does not let the role in, or a statement that it refuses, leaves the others to be checked.</summary>
    private static async Task<bool> EachAsync(
        ClusterConnection cluster, IReadOnlyList<DatabaseEntry> databases, string[] checks, IntegrityFindings findings, Func<ClusterConnection, string, Task> check, CancellationToken cancellationToken)
    {
        foreach (var entry in databases)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var before = findings.Checks.Count;
            try
            {
                await using var database = cluster.ToDatabase(entry.Name, patient: true);
                await check(database, entry.Name);
            }
            catch (ClusterException refused) when (refused.Failure is ClusterFailure.PermissionDenied or ClusterFailure.QueryFailed or ClusterFailure.Unsuitable)
            {
                foreach (var name in checks.Skip(findings.Checks.Count - before))
                {
                    findings.AddNotChecked(name, entry.Name, refused.Remedy is null ? refused.Message : $"{refused.Message}: {refused.Remedy}");
                }
            }
        }

        return true;
    }

    private static async Task CheckRelationsAsync(ClusterConnection database, string name, TaskContext context, IntegrityFindings findings, CancellationToken cancellationToken)
    {
        var (schema, reason) = await LiveAmcheck.FindAsync(database, cancellationToken);
        if (schema is null)
        {
            findings.AddNotChecked("indexes", name, reason!);
            findings.AddNotChecked("tables", name, reason!);
            return;
        }

        var report = await new Amcheck(long.MaxValue).RunLiveAsync(database, name, schema, () => context.Progress.Add(1, 0), cancellationToken);
        findings.Add("indexes", name, new CheckFindings(report.Indexes, report.IndexProblems, []));
        findings.Add("tables", name, new CheckFindings(report.Tables, report.TableProblems, []));
    }

    private static async Task CheckCatalogsAsync(ClusterConnection database, string name, IntegrityFindings findings, CancellationToken cancellationToken)
    {
        findings.Add("constraints", name, await CatalogChecks.ConstraintsAsync(database, cancellationToken));
        findings.Add("sequences", name, await SequenceCheck.RunAsync(database, cancellationToken));
        findings.Add("collation", name, await CatalogChecks.CollationAsync(database, cancellationToken));
    }

    private static TaskResult Result(IntegrityFindings findings, ReferencePoint? point, PhaseClock phases)
    {
        // Damage is for the operation to conclude: the report belongs into the result either way.
        var missing = findings.Checks.Where(check => check.NotChecked is not null)
            .Select(check => new MissingItem { Path = check.Database is null ? check.Check : $"{check.Check} of database '{check.Database}'", Reason = check.NotChecked! }).ToList();
        return new TaskResult
        {
            Outcome = missing.Count == 0 ? Outcome.Complete : Outcome.Incomplete,
            MissingCount = missing.Count,
            Missing = [.. missing.Take(TaskResult.MaxMissing)],
            Integrity = new IntegrityReport { Checks = findings.Checks, ComparedWith = point?.Name, Phases = phases.Phases },
        };
    }
}

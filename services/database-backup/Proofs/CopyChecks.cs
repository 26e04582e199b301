using System.Globalization;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Checks;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Queries;
using StellaOps.Backup.Postgres.Servers;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup.Proofs;

/// <summary>What is asked of a restored copy while its server runs.</summary>
internal sealed class CopyChecks(PrivateServer server, TaskContext context, ProofFindings findings, string tenantColumn)
{
    private IReadOnlyList<string> _databases = [];

    /// <summary>amcheck on every index and table of every database.</summary>
    public async Task<int> CheckRelationsAsync(CancellationToken cancellationToken)
    {
        await using (var any = server.Connect("template1"))
        {
            _databases = [.. (await DatabaseList.ReadAsync(any, cancellationToken)).Where(database => database.Connectable).Select(database => database.Name)];
        }

        var amcheck = new Amcheck();
        foreach (var name in _databases)
        {
            await using var database = server.Connect(name);
            var report = await amcheck.RunAsync(database, name, () => context.Progress.Add(1, 0), cancellationToken);
            findings.Add($"database '{name}': {report.Indexes} indexes ({report.IndexesWithHeap} of them against their tables) and {report.Tables} tables passed amcheck", report.Problems.Select(problem => $"database '{name}': {problem}"));
        }

        return _databases.Count;
    }

    /// <summary>Counts the rows of all tables: each of them can be read.</summary>
    public async Task<int> CountRowsAsync(CancellationToken cancellationToken)
    {
        foreach (var name in _databases)
        {
            await using var database = server.Connect(name);
            var rows = await RowCounts.ReadAsync(database, tenantColumn, tables => context.Progress.Add(tables, 0), cancellationToken);
            var tenants = rows.Counts.Where(count => count.Tenant is not null).Select(count => count.Tenant).Distinct().Count();
            findings.Add(
                string.Create(CultureInfo.InvariantCulture, $"database '{name}': {rows.Total} rows in {rows.Tables} tables{(tenants == 0 ? "" : $", of {tenants} tenants")}"),
                rows.Unreadable.Concat(rows.Denied).Select(unreadable => $"database '{name}', {unreadable}"));
        }

        return _databases.Count;
    }

    /// <summary>The operator's own queries; each must answer true.</summary>
    public async Task<int> RunQueriesAsync(IReadOnlyList<TestQuerySettings> queries, CancellationToken cancellationToken)
    {
        foreach (var query in queries)
        {
            var answer = await AnswerAsync(query, cancellationToken);
            findings.Add($"query on '{query.Database}' answered true: {query.Sql}", answer is null ? [] : [$"query on '{query.Database}' {answer}: {query.Sql}"]);
        }

        return queries.Count;
    }

    private async Task<string?> AnswerAsync(TestQuerySettings query, CancellationToken cancellationToken)
    {
        try
        {
            await using var database = server.Connect(query.Database, ownSearchPath: true);
            var values = await database.QueryAsync(query.Sql, row => row.GetValue(0), cancellationToken);
            return values switch
            {
                [true, ..] => null,
                [] => "returned no row",
                [var other, ..] => $"returned {Convert.ToString(other, CultureInfo.InvariantCulture)}",
            };
        }
        catch (ClusterException failed) when (failed.Failure is ClusterFailure.QueryFailed or ClusterFailure.Unsuitable)
        {
            return $"failed ({failed.Message})";
        }
    }
}

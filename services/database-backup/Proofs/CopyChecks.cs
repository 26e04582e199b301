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
internal sealed class CopyChecks(PrivateServer server, TaskContext context, ProofFindings findings)
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
            var tables = await database.QueryAsync(
                """
                SELECT quote_ident(nspname) || '.' || quote_ident(relname)
                FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind IN ('r', 'm') AND c.relpersistence = 'p' AND (c.relkind = 'r' OR c.relispopulated)
                  AND nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_toast'
                """,
                row => row.GetString(0),
                cancellationToken);
            long rows = 0;
            var unreadable = new List<string>();
            foreach (var table in tables)
            {
                try
                {
                    rows += (await database.QueryAsync($"SELECT count(*) FROM {table}", row => row.GetInt64(0), cancellationToken))[0];
                }
                catch (ClusterException failed) when (failed.Failure == ClusterFailure.QueryFailed)
                {
                    unreadable.Add($"database '{name}', table {table}: {failed.Message}");
                }
            }

            findings.Add(string.Create(CultureInfo.InvariantCulture, $"database '{name}': {rows} rows in {tables.Count} tables"), unreadable);
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

using System.Globalization;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Postgres.Checks;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Queries;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup.Integrity;

/// <summary>
/// Rows by schema and tenant, against those of a point. Rows come and go by right, so that other numbers are remarks. That a whole
/// database, a schema or a tenant has none any more is a problem.
/// </summary>
internal sealed class RowComparison(string tenantColumn, ReferencePoint? point, TaskProgressMeter progress)
{
    private const string Check = "rows";

    public async Task RunAsync(ClusterConnection database, string name, IntegrityFindings findings, CancellationToken cancellationToken)
    {
        var now = await RowCounts.ReadAsync(database, tenantColumn, tables => progress.Add(tables, 0), cancellationToken);
        if (now.Denied.Count > 0)
        {
            // What is not seen is not lost: nothing is compared.
            findings.Add(Check, name, new CheckFindings(now.Total, now.Unreadable, []));
            findings.AddNotChecked(
                Check, name,
                $"the rows of {now.Denied.Count} tables, first {now.Denied[0]}. As a superuser: GRANT pg_read_all_data TO {Sql.Identifier(database.Role)}; ALTER ROLE {Sql.Identifier(database.Role)} BYPASSRLS;");
            return;
        }

        var known = point?.Databases.FirstOrDefault(database => database.Name == name);
        var then = known?.Rows ?? [];
        List<string> problems = [.. now.Unreadable, .. Lost("schema", then, now.Counts, row => row.Schema, row => row.Schema), .. Lost("tenant", then, now.Counts, row => row.Tenant, row => row.Tenant)];
        findings.Add(Check, name, new CheckFindings(now.Total, problems, then.Count == 0 && now.Total > 0 ? [NotCompared(known is not null)] : Fewer(then, now.Counts)));
    }

    public void AddLostDatabases(IReadOnlyList<DatabaseEntry> databases, IntegrityFindings findings)
    {
        foreach (var lost in (point?.Databases ?? []).Where(known => databases.All(database => database.Name != known.Name) && known.Rows.Count > 0))
        {
            findings.Add(Check, lost.Name, new CheckFindings(0, [$"the database is not there; point '{point!.Name}' has it with {lost.Rows.Sum(row => row.Rows)} rows"], []));
        }
    }

    private string NotCompared(bool isInPoint) =>
        point is null ? "not compared: there is no recovery point that the cluster descends from and that can be read"
        : isInPoint ? $"not compared: point '{point.Name}' has no row counts of this database (Database:CountRowsMiB says up to which size rows are counted)"
        : $"not compared: point '{point.Name}' was taken before this database was made";

    private IEnumerable<string> Lost(
        string what, IReadOnlyList<RowCount> then, IReadOnlyList<TenantRows> now, Func<RowCount, string?> keyThen, Func<TenantRows, string?> keyNow)
    {
        var present = now.Where(row => row.Rows > 0).Select(keyNow).ToHashSet();
        return then.Where(row => row.Rows > 0 && keyThen(row) is not null).GroupBy(row => keyThen(row))
            .Where(group => !present.Contains(group.Key))
            .Select(group => string.Create(CultureInfo.InvariantCulture, $"{what} {group.Key} has no rows; point '{point!.Name}' has {group.Sum(row => row.Rows)} (take a backup if that is right)"));
    }

    private List<string> Fewer(IReadOnlyList<RowCount> then, IReadOnlyList<TenantRows> now)
    {
        var present = now.ToDictionary(row => (row.Schema, row.Tenant), row => row.Rows);
        return [.. then.Select(row => (Row: row, Now: present.GetValueOrDefault((row.Schema, row.Tenant))))
            .Where(pair => pair.Now < pair.Row.Rows)
            .Select(pair => string.Create(
                CultureInfo.InvariantCulture,
                $"schema {pair.Row.Schema}{(pair.Row.Tenant is { } tenant ? $", tenant {tenant}" : "")}: {pair.Now} rows, {pair.Row.Rows - pair.Now} fewer than in point '{point!.Name}'"))];
    }
}

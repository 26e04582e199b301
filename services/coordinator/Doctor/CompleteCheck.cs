using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Workers;
using StellaOps.Backup.Hosting.Announcements;

namespace StellaOps.Backup.Coordinator.Doctor;

/// <summary>
/// <c>check.points.complete</c>: the newest backup of every component, and cluster, lacks nothing. Of a database it fails: a page that contradicts its checksum
/// is damage in the running server, and each later backup saves it again.
/// </summary>
internal sealed class CompleteCheck(IServiceScopeFactory scopes) : IServiceCheck
{
    public string Id => "check.points.complete";

    public string Category => "storage";

    public async Task<CheckResult> RunAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var configured = await scope.ServiceProvider.GetRequiredService<WorkerDirectory>().ConfiguredAsync(cancellationToken);
        return Judge(await NewestBackup.ReadAsync(scope.ServiceProvider.GetRequiredService<CatalogContext>(), configured, cancellationToken));
    }

    public CheckResult Judge(IReadOnlyList<NewestBackup> newest)
    {
        var evidence = newest.ToDictionary(one => one.Part.Title, one => $"{one.Point}: {one.Snapshot.MissingCount} missing");
        var lacking = newest.Where(one => one.Snapshot.Outcome != Outcome.Complete).ToList();
        return newest.Count == 0 ? this.Result(CheckResults.Skip, "there is no backup yet")
            : lacking.Count == 0 ? this.Result(CheckResults.Pass, $"the newest backups lack nothing: {string.Join(", ", newest.Select(one => one.Part.Title))}", evidence: evidence)
            : this.Result(
                lacking.Exists(one => one.Part.Component == Component.Database) ? CheckResults.Fail : CheckResults.Warn,
                string.Join("; ", lacking.Select(Describe)), [.. lacking.SelectMany(Remedies).Distinct()], evidence);
    }

    private static string Describe(NewestBackup one)
    {
        var first = one.Snapshot.Missing.Select(item => $": {item.Path}: {item.Reason}").FirstOrDefault();
        return $"the newest backup of {one.Part.Title} lacks {one.Snapshot.MissingCount} item(s){first}";
    }

    private static IEnumerable<string> Remedies(NewestBackup one)
    {
        yield return $"stella backup info --name {one.Point}";
        if (one.Part.Component == Component.Database)
        {
            yield return "stella db verify-integrity";
        }
    }
}

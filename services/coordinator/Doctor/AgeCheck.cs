using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Workers;
using StellaOps.Backup.Hosting.Announcements;

namespace StellaOps.Backup.Coordinator.Doctor;

/// <summary>
/// <c>check.points.age</c>: everything that is configured was saved, and not long ago, whatever starts the backups. The ages are those of the alert
/// <c>StellaBackupMissing</c>.
/// </summary>
internal sealed class AgeCheck(IServiceScopeFactory scopes, TimeProvider clock) : IServiceCheck
{
    private static readonly TimeSpan Daily = TimeSpan.FromHours(26), Weekly = TimeSpan.FromDays(8);

    public string Id => "check.points.age";

    public string Category => "storage";

    public async Task<CheckResult> RunAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var configured = await scope.ServiceProvider.GetRequiredService<WorkerDirectory>().ConfiguredAsync(cancellationToken);
        var newest = await scope.ServiceProvider.GetRequiredService<CatalogContext>().Snapshots.AsNoTracking()
            .GroupBy(snapshot => new { snapshot.Component, snapshot.Cluster })
            .Select(group => new { group.Key.Component, group.Key.Cluster, At = group.Max(snapshot => snapshot.FinishedAt) })
            .ToListAsync(cancellationToken);
        return Judge(configured, newest.ToDictionary(row => new Part(row.Component, row.Cluster), row => row.At), clock.GetUtcNow());
    }

    public CheckResult Judge(IReadOnlyList<Part> configured, IReadOnlyDictionary<Part, DateTimeOffset> newest, DateTimeOffset now)
    {
        var evidence = configured.ToDictionary(part => part.Title, part => newest.TryGetValue(part, out var at) ? $"{at:u}" : "never saved");
        var never = configured.Where(part => !newest.ContainsKey(part)).ToList();
        var old = configured.Where(part => newest.TryGetValue(part, out var at) && now - at > (part.Component == Component.Keys ? Weekly : Daily)).ToList();
        return configured.Count == 0 ? this.Result(CheckResults.Skip, "no worker has announced what it is configured for")
            : never.Count > 0 ? this.Result(CheckResults.Warn, $"never saved: {Titles(never)}", Remedies(never), evidence)
            : old.Count > 0 ? this.Result(CheckResults.Warn, $"not saved for more than a day (keys: a week): {Titles(old)}", Remedies(old), evidence)
            : this.Result(CheckResults.Pass, "everything was saved lately", evidence: evidence);
    }

    private static string Titles(IEnumerable<Part> parts) => string.Join(", ", parts.Select(part => part.Title));

    private static IReadOnlyList<string> Remedies(IEnumerable<Part> parts) =>
        [.. parts.Select(part => $"stella backup create --type {part.Component.Name()}").Distinct(), "stella backup schedule show"];
}

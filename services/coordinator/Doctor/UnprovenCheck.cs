using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Hosting.Announcements;

namespace StellaOps.Backup.Coordinator.Doctor;

/// <summary><c>check.points.unproven</c>: there is a point that was really restored, and it is not old.</summary>
internal sealed class UnprovenCheck(IServiceScopeFactory scopes, TimeProvider clock) : IServiceCheck
{
    private static readonly TimeSpan Fresh = TimeSpan.FromDays(7);

    public string Id => "check.points.unproven";

    public string Category => "storage";

    public async Task<CheckResult> RunAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var all = await scope.ServiceProvider.GetRequiredService<PointCatalog>().All
            .Where(point => !point.Deleting).OrderByDescending(point => point.FinishedAt).Take(100).ToListAsync(cancellationToken);
        if (all.Count == 0)
        {
            return this.Result(CheckResults.Warn, "there is no recovery point yet", ["stella backup create --full"]);
        }

        var damaged = all.Where(point => PointProof.Of(point) == PointProof.Damaged).Select(point => point.Name).ToList();
        if (damaged.Count > 0)
        {
            return this.Result(CheckResults.Fail, $"damaged: {string.Join(", ", damaged)}", [$"stella backup info --name {damaged[0]}"]);
        }

        var proven = all.FirstOrDefault(point => PointProof.Of(point) == PointProof.Proven);
        return proven is null
            ? this.Result(CheckResults.Warn, $"none of {all.Count} recovery point(s) was ever restored", ["stella backup test-restore --latest"])
            : clock.GetUtcNow() - proven.FinishedAt > Fresh
                ? this.Result(CheckResults.Warn, $"the newest proven point, {proven.Name}, is {(clock.GetUtcNow() - proven.FinishedAt).TotalDays:0} days old", ["stella backup test-restore --latest"])
                : this.Result(CheckResults.Pass, $"{proven.Name} was restored and checked");
    }
}

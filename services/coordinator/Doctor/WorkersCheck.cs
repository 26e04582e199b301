using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Workers;
using StellaOps.Backup.Hosting.Announcements;

namespace StellaOps.Backup.Coordinator.Doctor;

/// <summary><c>check.workers</c>: every configured component has a live worker.</summary>
internal sealed class WorkersCheck(IServiceScopeFactory scopes) : IServiceCheck
{
    public string Id => "check.workers";

    public string Category => "service-graph";

    public async Task<CheckResult> RunAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var workers = scope.ServiceProvider.GetRequiredService<WorkerDirectory>();
        var configured = await workers.ConfiguredAsync(cancellationToken);
        var live = (await workers.LiveAsync(cancellationToken)).SelectMany(row => row.Announcement.Components).ToList();
        var lacking = configured.Except(live).Select(component => component.Name()).ToList();
        var evidence = configured.ToDictionary(component => component.Name(), component => $"{live.Count(entry => entry == component)} worker(s)");
        return configured.Count == 0
            ? this.Result(CheckResults.Fail, "no worker was heard yet", ["Start the workers; each announces itself within five seconds."])
            : lacking.Count > 0
                ? this.Result(CheckResults.Fail, $"no worker runs for {string.Join(", ", lacking)}", ["stella service health", $"Start the service of {string.Join(", ", lacking)}."], evidence)
                : this.Result(CheckResults.Pass, "every component has a worker", evidence: evidence);
    }
}

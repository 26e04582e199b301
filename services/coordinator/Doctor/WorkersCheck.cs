using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Workers;
using StellaOps.Backup.Hosting.Announcements;

namespace StellaOps.Backup.Coordinator.Doctor;

/// <summary><c>check.workers</c>: every configured component, and cluster, has a live worker, and each name means one server.</summary>
internal sealed class WorkersCheck(IServiceScopeFactory scopes) : IServiceCheck
{
    public string Id => "check.workers";

    public string Category => "service-graph";

    public async Task<CheckResult> RunAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var workers = scope.ServiceProvider.GetRequiredService<WorkerDirectory>();
        var configured = await workers.ConfiguredAsync(cancellationToken);
        var rows = await workers.LiveAsync(cancellationToken);
        var live = rows.SelectMany(WorkerDirectory.PartsOf).ToList();
        var lacking = configured.Except(live).Select(part => part.Title).ToList();
        var evidence = configured.ToDictionary(part => part.Title, part => $"{live.Count(entry => entry == part)} worker(s)");
        var contradiction = configured.Select(part => part.Cluster).OfType<string>().Select(cluster => WorkerDirectory.Contradiction(rows, cluster)).FirstOrDefault(problem => problem is not null);
        return configured.Count == 0
            ? this.Result(CheckResults.Fail, "no worker was heard yet", ["Start the workers; each announces itself within five seconds."])
            : contradiction is not null
                ? this.Result(CheckResults.Fail, contradiction, ["Give each cluster a name of its own with the setting Database:Name of its workers, and restart them."], evidence)
            : lacking.Count > 0
                ? this.Result(CheckResults.Fail, $"no worker runs for {string.Join(", ", lacking)}", ["stella service health", $"Start the service of {string.Join(", ", lacking)}."], evidence)
                : this.Result(CheckResults.Pass, "every component has a worker", evidence: evidence);
    }
}

using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Secondary;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Coordinator.Doctor;

/// <summary><c>check.storage.secondary</c>: the secondary location can be written, and has every backup that is older than a day.</summary>
internal sealed class SecondaryCheck(SecondaryLocation secondary, IServiceScopeFactory scopes, TimeProvider clock) : IServiceCheck
{
    private static readonly TimeSpan Late = TimeSpan.FromDays(1);

    public string Id => "check.storage.secondary";

    public string Category => "storage";

    public string? Subject => secondary.Store?.Description;

    public async Task<CheckResult> RunAsync(CancellationToken cancellationToken)
    {
        if (secondary.Store is not { } store)
        {
            return this.Result(CheckResults.Skip, "no secondary location is configured");
        }

        try
        {
            if (!await StoreTrial.RunAsync(store, ArchiveExchange.Folder, cancellationToken))
            {
                return this.Result(CheckResults.Fail, "what was written is not what was read back", ["Look at the disk or the object store: it returned wrong data."]);
            }
        }
        catch (StorageException e)
        {
            return this.Result(CheckResults.Fail, e.Message, ["Check that the place is reachable, that Secondary:Url names it and Secondary:CredentialsFile opens it."]);
        }

        await using var scope = scopes.CreateAsyncScope();
        return Judge(await scope.ServiceProvider.GetRequiredService<Replicas>().ReadAsync(cancellationToken));
    }

    private CheckResult Judge(ReplicaPicture picture)
    {
        var missing = picture.Missing.Count();
        var late = SecondaryReport.Lags(picture, clock.GetUtcNow()).Where(lag => lag.Value > Late).Select(lag => lag.Key).Order().ToList();
        var why = secondary.Problem is { } problem ? $": {problem}" : "";
        return late.Count > 0
            ? this.Result(CheckResults.Fail, $"no backup of {string.Join(", ", late)} was copied for a day{why}", ["stella operation list", "stella backup logs --last 24h --level error"])
            : secondary.Problem is not null
                ? this.Result(CheckResults.Warn, $"{(missing == 1 ? "1 point is" : $"{missing} points are")} not copied{why}", ["stella operation list"])
                : this.Result(CheckResults.Pass, missing == 0 ? "written, read back and deleted; every point is there" : $"written, read back and deleted; {(missing == 1 ? "1 point is" : $"{missing} points are")} being copied");
    }
}

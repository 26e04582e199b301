using System.Globalization;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Workers;
using StellaOps.Backup.Hosting.Announcements;

namespace StellaOps.Backup.Coordinator.Doctor;

/// <summary><c>check.clock.skew</c>: the clocks of all hosts agree. Recovery to a time goes by them, and so do leases of locks.</summary>
internal sealed class ClockCheck(IServiceScopeFactory scopes, TimeProvider clock) : IServiceCheck
{
    private const double WarnSeconds = 5, FailSeconds = 60;

    public string Id => "check.clock.skew";

    public string Category => "core";

    public async Task<CheckResult> RunAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return Judge(await scope.ServiceProvider.GetRequiredService<WorkerDirectory>().LiveAsync(cancellationToken), clock.GetUtcNow());
    }

    public CheckResult Judge(IReadOnlyList<WorkerRow> workers, DateTimeOffset now)
    {
        // An announcement is heard a moment after it was made; that moment is counted as skew, and is small against what matters.
        var skews = (from row in workers
                     where row.Announcement.SentAt is not null && row.IsLive(now)
                     group (row.Announcement.SentAt!.Value - row.HeardAt).TotalSeconds by row.Announcement.Host into host
                     select (Host: host.Key, Seconds: host.MinBy(Math.Abs))).ToList();
        if (skews.Count == 0)
        {
            return this.Result(CheckResults.Skip, "no worker has told its time yet");
        }

        var evidence = skews.ToDictionary(skew => skew.Host, skew => skew.Seconds.ToString("0.0", CultureInfo.InvariantCulture) + " s");
        var worst = skews.MaxBy(skew => Math.Abs(skew.Seconds));
        var status = Math.Abs(worst.Seconds) switch { >= FailSeconds => CheckResults.Fail, >= WarnSeconds => CheckResults.Warn, _ => CheckResults.Pass };
        return status == CheckResults.Pass
            ? this.Result(status, "the clocks of all hosts agree", evidence: evidence)
            : this.Result(status, string.Create(CultureInfo.InvariantCulture, $"the clock of {worst.Host} is {Math.Abs(worst.Seconds):0} s {(worst.Seconds > 0 ? "ahead" : "behind")}"), ["timedatectl status", "chronyc makestep"], evidence);
    }
}

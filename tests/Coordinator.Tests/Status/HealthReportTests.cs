using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Status;
using StellaOps.Backup.Coordinator.Workers;

namespace StellaOps.Backup.Coordinator.Tests.Status;

public sealed class HealthReportTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddYears(56);

    /// <summary>Keys have a worker on a host of their own, which was heard some time ago.</summary>
    [Theory]
    [InlineData(1, false, false)]
    [InlineData(60, false, true)]
    [InlineData(60, true, true)]
    [InlineData(100_000, false, true)]
    [InlineData(100_000, true, false)] // Stopped more than a day ago: out of use.
    public void A_part_without_a_live_worker_is_lacking_beside_one_that_has_one(int secondsAgo, bool leaving, bool lacking) => Assert.Equal(
        lacking ? [new Part(Component.Keys)] : [],
        HealthReport.Lacking([new Part(Component.Secrets), new Part(Component.Keys)], [Row("a", 1, false, Component.Secrets), Row("b", secondsAgo, leaving, Component.Keys)], Now)["secrets-backup"]);

    [Fact]
    public void What_only_a_setting_names_is_lacking_too() =>
        Assert.Equal([new Part(Component.Evidence)], HealthReport.Lacking([new Part(Component.Evidence)], [], Now)["evidence-backup"]);

    [Theory]
    [InlineData("backup", "unhealthy", "unhealthy")]
    [InlineData("backup", "stopped", "unhealthy")]
    [InlineData("backup", "degraded", "degraded")]
    [InlineData("platform", "unhealthy", "unhealthy")] // It runs and is not well, or nobody can tell whether it runs.
    [InlineData("platform", "stopped", "degraded")] // By an operator, for a restore.
    [InlineData("platform", "healthy", "healthy")]
    public void A_service_of_the_platform_that_is_not_well_counts_as_one_of_ours_and_one_that_was_stopped_does_not(string group, string status, string worst) => Assert.Equal(
        worst,
        HealthReport.Worst([new ServiceHealth { Name = "broker", Group = "backup", Status = "healthy" }, new ServiceHealth { Name = "one", Group = group, Status = status }]));

    private static WorkerRow Row(string host, int secondsAgo, bool leaving, params Component[] components) => new()
    {
        Worker = $"secrets-backup@{host}",
        Service = "secrets-backup",
        HeardAt = Now.AddSeconds(-secondsAgo),
        Leaving = leaving,
        Announcement = new WorkerAnnouncement { Worker = "w", Service = "secrets-backup", Host = host, ProcessId = 1, Version = "1", StartedAt = Now, Components = components },
    };
}

using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Workers;

namespace StellaOps.Backup.Coordinator.Tests.Workers;

public sealed class WorkerDirectoryTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddYears(56);

    [Fact]
    public void Live_processes_say_what_is_configured() => Assert.Equal(
        [Component.Secrets, Component.Keys],
        WorkerDirectory.Configured([Row("secrets-backup", "a", 1, Component.Secrets), Row("secrets-backup", "a", 2, Component.Keys)], Now));

    [Fact]
    public void A_service_that_is_down_still_counts() => Assert.Equal(
        [Component.Evidence, Component.Config],
        WorkerDirectory.Configured([Row("config-backup", "a", 1, Component.Config), Row("evidence-backup", "a", 3600, Component.Evidence)], Now));

    [Fact]
    public void A_host_that_is_down_still_counts_beside_a_live_one_of_its_service() => Assert.Equal(
        [Component.Secrets, Component.Keys],
        WorkerDirectory.Configured([Row("secrets-backup", "a", 1, Component.Secrets), Row("secrets-backup", "b", 3600, Component.Keys)], Now));

    [Fact]
    public void A_component_that_was_taken_out_of_the_configuration_counts_no_more() => Assert.Equal(
        [Component.Secrets],
        WorkerDirectory.Configured([Row("secrets-backup", "a", 1, Component.Secrets), Row("secrets-backup", "a", 60, Component.Secrets, Component.Keys)], Now));

    private static WorkerRow Row(string service, string host, int secondsAgo, params Component[] components) => new()
    {
        Worker = $"{service}@{host}:{secondsAgo}",
        Service = service,
        HeardAt = Now.AddSeconds(-secondsAgo),
        Announcement = new WorkerAnnouncement
        {
            Worker = "w",
            Service = service,
            Host = host,
            ProcessId = 1,
            Version = "1",
            StartedAt = Now,
            Components = components,
        },
    };
}

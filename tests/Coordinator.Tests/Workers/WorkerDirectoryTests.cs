using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Workers;

namespace StellaOps.Backup.Coordinator.Tests.Workers;

public sealed class WorkerDirectoryTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddYears(56);

    [Fact]
    public void Live_processes_say_what_is_configured() => Assert.Equal(
        [new Part(Component.Secrets), new Part(Component.Keys)],
        WorkerDirectory.Configured([Row("secrets-backup", "a", 1, Component.Secrets), Row("secrets-backup", "a", 2, Component.Keys)], Now));

    [Fact]
    public void A_service_that_is_down_still_counts() => Assert.Equal(
        [new Part(Component.Evidence), new Part(Component.Config)],
        WorkerDirectory.Configured([Row("config-backup", "a", 1, Component.Config), Row("evidence-backup", "a", 3600, Component.Evidence)], Now));

    [Fact]
    public void A_host_that_is_down_still_counts_beside_a_live_one_of_its_service() => Assert.Equal(
        [new Part(Component.Secrets), new Part(Component.Keys)],
        WorkerDirectory.Configured([Row("secrets-backup", "a", 1, Component.Secrets), Row("secrets-backup", "b", 3600, Component.Keys)], Now));

    [Fact]
    public void A_component_that_was_taken_out_of_the_configuration_counts_no_more() => Assert.Equal(
        [new Part(Component.Secrets)],
        WorkerDirectory.Configured([Row("secrets-backup", "a", 1, Component.Secrets), Row("secrets-backup", "a", 60, Component.Secrets, Component.Keys)], Now));

    [Fact]
    public void Every_cluster_counts_also_one_whose_worker_is_down_beside_a_live_one() => Assert.Equal(
        [new Part(Component.Database, "analytics"), new Part(Component.Database, "main")],
        WorkerDirectory.Configured([Server("main", "1", 1), Server("analytics", "2", 3600)], Now));

    [Fact]
    public void A_server_that_was_given_another_name_is_not_a_second_one() => Assert.Equal(
        [new Part(Component.Database, "orders")],
        WorkerDirectory.Configured([Server("main", "1", 60), Server("orders", "1", 1)], Now));

    [Theory]
    [InlineData(-30, true)] // The clock of another coordinator is a little ahead.
    [InlineData(-3600, false)] // Heard by a clock that was ahead, and silent since.
    [InlineData(60, false)]
    public void A_process_that_is_silent_is_not_there_whatever_the_clock_was_that_heard_it(int secondsAgo, bool live) =>
        Assert.Equal(live, Row("evidence-backup", "a", secondsAgo, Component.Evidence).IsLive(Now));

    [Fact]
    public void Two_servers_under_one_name_are_told_and_two_workers_of_one_server_are_not()
    {
        Assert.Null(WorkerDirectory.Contradiction([Server("main", "1", 1), Server("main", "1", 2), Server("analytics", "2", 1)], "main"));
        var problem = WorkerDirectory.Contradiction([Server("main", "1", 1), Server("main", "2", 2)], "main");
        Assert.Equal("two servers are called 'main': system 1 by database-backup@a:1 and system 2 by database-backup@a:2", problem);
    }

    private static WorkerRow Server(string cluster, string system, int secondsAgo)
    {
        var row = Row("database-backup", "a", secondsAgo, Component.Database);
        return new WorkerRow
        {
            Worker = row.Worker,
            Service = row.Service,
            HeardAt = row.HeardAt,
            Announcement = row.Announcement with { Clusters = [new ClusterAnnouncement { Name = cluster, SystemIdentifier = system }] },
        };
    }

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

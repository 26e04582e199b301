using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Doctor;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Points;

namespace StellaOps.Backup.Coordinator.Tests.Doctor;

/// <summary>What the doctor says of backups that lack something.</summary>
public sealed class CompleteCheckTests
{
    private static readonly IServiceScopeFactory Scopes = new ServiceCollection().BuildServiceProvider().GetRequiredService<IServiceScopeFactory>();

    [Fact]
    public void A_damaged_page_of_the_running_server_fails_and_is_named_by_file_and_block()
    {
        var result = Judge(Whole(Component.Config), Lacking(Component.Database, 1, new MissingItem { Path = "base/16390/16755", Reason = "block 3 contradicts its checksum" }));
        Assert.Equal(("fail", "the newest backup of database lacks 1 item(s): base/16390/16755: block 3 contradicts its checksum"), (result.Status, result.Message));
        Assert.Equal(["stella backup info --name p-database", "stella db verify-integrity"], result.Remedy);
        Assert.Equal("p-config: 0 missing", result.Evidence["config"]);
    }

    [Fact]
    public void Files_that_could_not_be_read_are_a_warning()
    {
        var result = Judge(Lacking(Component.Evidence, 2), Whole(Component.Database));
        Assert.Equal(("warn", "the newest backup of evidence lacks 2 item(s)"), (result.Status, result.Message));
        Assert.Equal(["stella backup info --name p-evidence"], result.Remedy);
    }

    [Fact]
    public void Backups_that_lack_nothing_pass_and_none_says_nothing()
    {
        Assert.Equal("pass", Judge(Whole(Component.Database), Whole(Component.Keys)).Status);
        Assert.Equal("skip", Judge().Status);
    }

    private static CheckResult Judge(params NewestBackup[] newest) => new CompleteCheck(Scopes).Judge(newest);

    private static NewestBackup Whole(Component component) => Lacking(component, 0);

    private static NewestBackup Lacking(Component component, int missing, params MissingItem[] items) => new(
        new Part(component), $"p-{new Part(component).Title}",
        new ComponentSnapshot
        {
            Component = component,
            Outcome = missing > 0 ? Outcome.Incomplete : Outcome.Complete,
            RepositoryId = "0123",
            SnapshotId = "4567",
            StartedAt = DateTimeOffset.UnixEpoch,
            FinishedAt = DateTimeOffset.UnixEpoch,
            Files = 1,
            Bytes = 1,
            BytesAdded = 1,
            MissingCount = missing,
            Missing = items,
        });
}

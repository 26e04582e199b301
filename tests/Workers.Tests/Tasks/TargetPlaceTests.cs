using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Workers.Tasks;

namespace StellaOps.Backup.Workers.Tests.Tasks;

/// <summary>Where nothing is restored to.</summary>
public sealed class TargetPlaceTests : IDisposable
{
    private readonly TemporaryDirectory _home = new("stella-targets-");

    public TargetPlaceTests()
    {
        Directory.CreateDirectory(_home["pgdata/pg_wal"]);
        File.WriteAllText(_home["pgdata/PG_VERSION"], "15\n");
    }

    public void Dispose() => _home.Dispose();

    [Theory]
    [InlineData("pgdata/x")]
    [InlineData("pgdata/base/5/deep")]
    [InlineData("elsewhere/../pgdata/x")]
    [InlineData("location")]
    [InlineData("location/repositories/database")]
    [InlineData("")]
    [InlineData("space/PG_15_202209061/5")]
    public void Live_data_and_backups_take_nothing(string target) => Assert.Equal(ErrorCodes.TargetNotEmpty, Refusal(target)?.Error);

    [Theory]
    [InlineData("beside")]
    [InlineData("location-2")]
    [InlineData("pgdata.old/x")]
    public void Other_directories_do(string target) => Assert.Null(Refusal(target));

    [Fact]
    public void Links_on_the_way_are_followed()
    {
        Directory.CreateDirectory(_home["pgdata/base"]);
        File.CreateSymbolicLink(_home["link"], _home["pgdata/base"]);
        Assert.Equal(ErrorCodes.TargetNotEmpty, Refusal("link/x")?.Error);
    }

    [Theory]
    [InlineData("other/deep", "location/x")] // Beside the link.
    [InlineData("location/deep", "x")] // Above where it leads.
    public void A_way_up_behind_a_link_is_looked_at_as_both_places_that_it_is(string leads, string behind)
    {
        Directory.CreateDirectory(_home[leads]);
        File.CreateSymbolicLink(_home["link"], _home[leads]);
        Assert.Equal(ErrorCodes.TargetNotEmpty, Refusal($"link/../{behind}")?.Error);
    }

    [Fact]
    public void Every_kind_of_restore_is_looked_at()
    {
        var target = _home["pgdata/x"];
        RunTask[] tasks =
        [
            Task() with { Restore = new RestoreSpec { PointId = Guid.Empty, SnapshotId = "a", PointName = "p", TargetDirectory = target } },
            Task() with { TestRestore = new TestRestoreSpec { PointId = Guid.Empty, PointName = "p", SnapshotId = "a", TargetDirectory = target } },
        ];
        Assert.All(tasks, task => Assert.IsType<BackupException>(Record.Exception(() => TargetPlace.Check(task, null))));
    }

    private BackupException? Refusal(string target)
    {
        var recovery = new RecoverySpec { Target = new PointInTime { Immediate = true }, Bases = [], TargetDirectory = $"{_home.Path}/{target}" };
        return Record.Exception(() => TargetPlace.Check(Task() with { Recovery = recovery }, _home["location"])) as BackupException;
    }

    private static RunTask Task() => new() { OperationId = Guid.NewGuid(), TaskId = Guid.NewGuid(), Kind = OperationKind.Restore, Component = Component.Config, Attempt = 1 };
}

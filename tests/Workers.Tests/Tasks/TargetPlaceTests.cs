using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Storage.Local;
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
    public async Task Live_data_and_backups_take_nothing(string target) => Assert.Equal(ErrorCodes.TargetNotEmpty, (await RefusalAsync(target))?.Error);

    [Theory]
    [InlineData("beside")]
    [InlineData("location-2")]
    [InlineData("pgdata.old/x")]
    public async Task Other_directories_do(string target) => Assert.Null(await RefusalAsync(target));

    private async Task<BackupException?> RefusalAsync(string target)
    {
        await using var location = new LocalObjectStore(_home["location"]);
        var task = new RunTask
        {
            OperationId = Guid.NewGuid(), TaskId = Guid.NewGuid(), Kind = OperationKind.Restore, Component = Component.Config, Attempt = 1,
            Recovery = new RecoverySpec { Target = new PointInTime { Immediate = true }, Bases = [], TargetDirectory = $"{_home.Path}/{target}" },
        };
        return Record.Exception(() => TargetPlace.Check(task, location)) as BackupException;
    }
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository.SelfTesting;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Workers.SelfTesting;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.Workers.Tests.SelfTesting;

public sealed class StartupSelfTestTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new("stella-startup-");

    private string Scratch => _directory["scratch"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_machine_that_fails_stops_the_worker()
    {
        var failure = await Assert.ThrowsAsync<BackupException>(() => StartAsync((_, _) => throw new SelfTestException("SHA-256 gives a wrong answer on this machine")));
        Assert.Equal(ErrorCodes.SelfTestFailed, failure.Error);
        Assert.EndsWith("SHA-256 gives a wrong answer on this machine", failure.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Scratch));
    }

    [Fact]
    public async Task The_test_works_in_the_scratch_directory_and_leaves_nothing()
    {
        var place = "";
        await StartAsync((directory, _) => File.WriteAllTextAsync(Path.Combine(place = directory, "left"), "", TestContext.Current.CancellationToken));
        Assert.Equal(Scratch, Path.GetDirectoryName(place));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Scratch));
    }

    [Fact]
    public async Task A_scratch_directory_that_cannot_be_used_stops_no_worker()
    {
        await File.WriteAllTextAsync(Scratch, "", TestContext.Current.CancellationToken);
        await StartAsync((_, _) => throw new InvalidOperationException("there is no place for it"));
    }

    private Task StartAsync(Func<string, CancellationToken, Task> test)
    {
        var settings = new ServiceCollection()
            .Configure<ComponentSettings>(ComponentSettings.Section(Component.Evidence), evidence => evidence.ScratchDirectory = Scratch)
            .BuildServiceProvider().GetRequiredService<IOptionsMonitor<ComponentSettings>>();
        return new StartupSelfTest(test, new WorkerComponents([Component.Evidence], null), settings, TimeProvider.System, NullLogger<StartupSelfTest>.Instance)
            .StartAsync(TestContext.Current.CancellationToken);
    }
}

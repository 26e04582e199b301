using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository.SelfTesting;
using StellaOps.Backup.Workers.SelfTesting;

namespace StellaOps.Backup.Workers.Tests.SelfTesting;

public sealed class StartupSelfTestTests
{
    [Fact]
    public async Task A_machine_that_fails_stops_the_worker()
    {
        var failure = await Assert.ThrowsAsync<BackupException>(() => StartAsync(_ => throw new SelfTestException("SHA-256 gives a wrong answer on this machine")));
        Assert.Equal(ErrorCodes.SelfTestFailed, failure.Error);
        Assert.EndsWith("SHA-256 gives a wrong answer on this machine", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public Task This_machine_passes() => StartAsync(KnownAnswers.CheckAsync);

    private static Task StartAsync(Func<CancellationToken, Task> test) => new StartupSelfTest(test).StartAsync(TestContext.Current.CancellationToken);
}

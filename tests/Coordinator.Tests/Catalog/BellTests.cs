using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Tests.Catalog;

public sealed class BellTests
{
    /// <summary>A limit that ran out just as the wait ended once ended the process.</summary>
    [Fact]
    public async Task A_signal_and_the_end_of_patience_may_come_at_the_same_time()
    {
        var token = TestContext.Current.CancellationToken;
        var signal = new Bell();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(
            async () =>
            {
                for (var i = 0; i < 300; i++)
                {
                    var wait = signal.WaitAsync(TimeSpan.FromMilliseconds(1), TimeProvider.System, token);
                    await Task.Delay(1, token);
                    signal.Set();
                    await wait;
                }
            },
            token)));
    }

    [Fact]
    public async Task A_signal_that_came_before_the_wait_is_not_lost()
    {
        var signal = new Bell();
        signal.Set();

        await signal.WaitAsync(TimeSpan.FromDays(1), TimeProvider.System, TestContext.Current.CancellationToken);
    }
}

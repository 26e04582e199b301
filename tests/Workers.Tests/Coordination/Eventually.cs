namespace StellaOps.Backup.Workers.Tests.Coordination;

/// <summary>Waits for what other processes bring about; the limit only ends a test that has failed.</summary>
internal static class Eventually
{
    public static async Task HoldsAsync(Func<bool> condition, string what, int seconds = 60)
    {
        for (var i = 0; i < seconds * 20; i++)
        {
            if (condition())
            {
                return;
            }

            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        Assert.Fail($"{what}: not within {seconds} seconds");
    }
}

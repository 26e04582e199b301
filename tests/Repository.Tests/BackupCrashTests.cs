using StellaOps.Backup.Repository.Tests.Pruning;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests;

public sealed class BackupCrashTests
{
    [Theory]
    [InlineData(Fault.Crash)]
    [InlineData(Fault.CrashAfter)]
    public async Task Killed_at_any_put_the_repository_is_whole_and_the_next_run_succeeds(Fault fault)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var template = new MemoryStore();
        byte[][] first = [.. Enumerable.Range(0, 8).Select(i => TestRepositories.Content(2 * i + 1, 9_000))];
        byte[][] second = [.. first[..4], .. Enumerable.Range(20, 8).Select(i => TestRepositories.Content(2 * i + 1, 9_000))];
        await using (var repository = await TestRepositories.InitAsync(template))
        {
            await TestRepositories.BackUpAsync(repository, first);
        }

        var struck = true;
        for (var at = 1; struck; at++)
        {
            var store = template.Copy();
            struck = await PruneTests.CrashAsync(store, fault, at, repository => TestRepositories.BackUpAsync(repository, second));
            await PruneTests.AssertSoundAsync(store);

            await using var next = await TestRepositories.OpenAsync(store);
            var snapshot = await TestRepositories.BackUpAsync(next, second);
            Assert.Contains(snapshot.Id, await next.ListSnapshotsAsync(cancellation).Select(listed => listed.Id).ToListAsync(cancellation));
            await PruneTests.AssertSoundAsync(store);
        }
    }
}

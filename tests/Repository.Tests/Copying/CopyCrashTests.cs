using StellaOps.Backup.Repository.Copying;
using StellaOps.Backup.Repository.Tests.Pruning;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Copying;

/// <summary>One fault at each call that a copy makes to the target.</summary>
public sealed class CopyCrashTests
{
    [Theory]
    [InlineData(Fault.Fail)]
    [InlineData(Fault.LoseAnswer)]
    [InlineData(Fault.Crash)]
    [InlineData(Fault.CrashAfter)]
    public async Task After_a_fault_at_any_call_the_target_is_whole_and_the_next_copy_ends_it(Fault fault)
    {
        await using var source = await TestRepositories.InitAsync(new MemoryStore());
        for (var i = 0; i < 3; i++)
        {
            await TestRepositories.BackUpAsync(source, [.. Enumerable.Range(0, 3 * (i + 1)).Select(j => TestRepositories.Content(2 * j + 1, 9_000))]);
        }

        var template = new MemoryStore();
        await (await TestRepositories.InitAsync(template)).DisposeAsync();
        var struck = true;
        var calls = 0;
        for (var at = 1; struck; at++)
        {
            var store = template.Copy();
            struck = await CopyOnceAsync(source, store, new FaultRule(fault) { At = at });
            calls += struck ? 1 : 0;
            PruneTests.Unlocked(store);
            await PruneTests.AssertSoundAsync(store);

            await using var target = await TestRepositories.OpenAsync(store);
            await CopyTests.CopyAsync(source, target);
            Assert.Equal(3, store.Under("snapshots/").Count);
            await PruneTests.AssertSoundAsync(store);
        }

        Assert.True(calls > 20, $"only {calls} calls were tried");
        TestContext.Current.SendDiagnosticMessage($"copy, {fault}: {calls} calls");
    }

    [Fact]
    public async Task A_killed_copy_does_not_move_again_what_index_files_name()
    {
        await using var source = await TestRepositories.InitAsync(new MemoryStore());
        await TestRepositories.BackUpAsync(source, [.. Enumerable.Range(0, 20).Select(i => TestRepositories.Content(2 * i + 1, 9_000))]);
        var store = new MemoryStore();
        await (await TestRepositories.InitAsync(store)).DisposeAsync();

        // Killed when all blobs are there and the snapshot is not.
        await CopyOnceAsync(source, store, new FaultRule(Fault.Crash) { Matches = call => call.IsChange && call.Key.StartsWith("snapshots/", StringComparison.Ordinal) });
        PruneTests.Unlocked(store);
        Assert.Empty(store.Under("snapshots/"));
        await using var target = await TestRepositories.OpenAsync(store);
        var report = await CopyTests.CopyAsync(source, target);
        Assert.Equal((1, 0L), (report.Copied.Count, report.Blobs));
    }

    private static async Task<bool> CopyOnceAsync(ResticRepository source, MemoryStore store, FaultRule rule)
    {
        await using var faulty = new FaultyStore(store, rule);
        try
        {
            await using var target = await ResticRepository.OpenAsync(faulty, TestRepositories.Password, TestRepositories.Cheap, TestContext.Current.CancellationToken);
            await CopyTests.CopyAsync(source, target);
        }
        catch (Exception exception) when (exception is CrashException or StorageException or RepositoryException)
        {
        }

        return faulty.Struck;
    }
}

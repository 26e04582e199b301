using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Copying;
using StellaOps.Backup.Repository.Pruning;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Tests.Pruning;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Programs;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Copying;

/// <summary>A repository in two places.</summary>
public sealed class ReplicaTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_second_place_opens_with_the_same_password_and_has_the_same_snapshots_also_to_restic()
    {
        await using var repository = await TestRepositories.InitAsync(new MemoryStore());
        var contents = Enumerable.Range(0, 12).Select(i => TestRepositories.Content(i, 9_000)).ToList();
        var first = await TestRepositories.BackUpAsync(repository, contents);
        using var directory = new TemporaryDirectory();
        var place = new LocalObjectStore(directory["replica"]);

        var report = await ReplicateAsync(repository, place, first);
        Assert.Equal(new CopiedSnapshot(first.Id, first.Id), Assert.Single(report.Copied));
        var second = await TestRepositories.BackUpAsync(repository, [.. contents, TestRepositories.Content(99, 5_000)]);
        report = await ReplicateAsync(repository, place, first, second);
        Assert.Equal((1, 1, 3L), (report.Present.Count, report.Copied.Count, report.Blobs)); // The new file, its directory and the root.

        await using var replica = await TestRepositories.OpenAsync(place);
        Assert.Equal(repository.Id, replica.Id);
        Assert.Equal(new[] { first.Id, second.Id }.Order(), (await replica.ListSnapshotsAsync(Cancellation).Select(snapshot => snapshot.Id).ToListAsync(Cancellation)).Order());
        Assert.Empty((await replica.VerifyAsync(new VerifyRequest(), Cancellation)).Damages);
        var restic = new ResticProgram(directory["replica"], TestRepositories.Password);
        await restic.RunAsync(["check", "--read-data"], Cancellation);
        await restic.RunAsync(["restore", second.Id.ToString(), "--target", directory["restored"]], Cancellation);
        Assert.Equal(TestRepositories.Content(99, 5_000), await File.ReadAllBytesAsync(directory["restored", "data", "00012"], Cancellation));
    }

    [Fact]
    public async Task A_password_that_is_added_or_taken_back_is_so_in_both_places()
    {
        await using var repository = await TestRepositories.InitAsync(new MemoryStore());
        var snapshot = await TestRepositories.BackUpAsync(repository, [TestRepositories.Content(1, 900)]);
        var place = new MemoryStore();
        var added = await repository.Keys.AddAsync("battery staple", Cancellation);
        await ReplicateAsync(repository, place, snapshot);
        await (await ResticRepository.OpenAsync(place, "battery staple", TestRepositories.Cheap, Cancellation)).DisposeAsync();

        await repository.Keys.RemoveAsync(added, Cancellation);
        await ReplicateAsync(repository, place, snapshot);

        var refused = await Assert.ThrowsAsync<RepositoryException>(() => ResticRepository.OpenAsync(place, "battery staple", TestRepositories.Cheap, Cancellation));
        Assert.Equal(RepositoryFailure.WrongPassword, refused.Failure);
        await (await TestRepositories.OpenAsync(place)).DisposeAsync();
    }

    [Fact]
    public async Task A_place_that_holds_another_repository_is_refused_and_left_as_it_is()
    {
        await using var repository = await TestRepositories.InitAsync(new MemoryStore());
        var snapshot = await TestRepositories.BackUpAsync(repository, [TestRepositories.Content(1, 900)]);
        var place = new MemoryStore();
        await (await TestRepositories.InitAsync(place)).DisposeAsync();
        var before = place.Keys.ToList();

        var refused = await Assert.ThrowsAsync<RepositoryException>(() => ReplicateAsync(repository, place, snapshot));

        Assert.Equal(RepositoryFailure.Refused, refused.Failure);
        Assert.Equal(before, place.Keys);
    }

    [Fact]
    public async Task Each_place_is_pruned_for_itself_and_takes_again_what_comes_later()
    {
        var store = new MemoryStore();
        await using var repository = await TestRepositories.InitAsync(store);
        var dropped = await TestRepositories.BackUpAsync(repository, [TestRepositories.Content(1, 30_000)]);
        var kept = await TestRepositories.BackUpAsync(repository, [TestRepositories.Content(3, 30_000)]);
        var place = new MemoryStore();
        await ReplicateAsync(repository, place, dropped, kept);

        // The first place packs anew what it keeps: nothing of that is moved again.
        await repository.Forgotten.ForgetAsync([dropped.Id], TimeSpan.Zero, Cancellation);
        await repository.PruneAsync(new PruneOptions { Grace = TimeSpan.Zero, MaxUnused = 0 }, Cancellation);
        Assert.Equal((1, 0L), await ReplicateAsync(repository, place, kept) is var report ? (report.Present.Count, report.Blobs) : default);

        await using (var replica = await TestRepositories.OpenAsync(place))
        {
            await replica.Forgotten.ForgetAsync([dropped.Id], TimeSpan.Zero, Cancellation);
            await replica.PruneAsync(new PruneOptions { Grace = TimeSpan.Zero, MaxUnused = 0 }, Cancellation);
        }

        await PruneTests.AssertSoundAsync(place);
        var again = await TestRepositories.BackUpAsync(repository, [TestRepositories.Content(1, 30_000), TestRepositories.Content(3, 30_000)]);
        await ReplicateAsync(repository, place, again);
        await PruneTests.AssertSoundAsync(place);
        Assert.Equal([kept.Id.ToString(), again.Id.ToString()], place.Under("snapshots/").Select(key => key["snapshots/".Length..]).OrderBy(id => id == again.Id.ToString()));
    }

    [Theory]
    [InlineData(Fault.Fail)]
    [InlineData(Fault.LoseAnswer)]
    [InlineData(Fault.Crash)]
    [InlineData(Fault.CrashAfter)]
    public async Task After_a_fault_at_any_call_the_second_place_is_whole_or_none_and_the_next_run_ends_it(Fault fault)
    {
        await using var repository = await TestRepositories.InitAsync(new MemoryStore());
        var snapshots = new List<Snapshot>();
        for (var i = 0; i < 2; i++)
        {
            snapshots.Add(await TestRepositories.BackUpAsync(repository, [.. Enumerable.Range(0, 3 * (i + 1)).Select(j => TestRepositories.Content(2 * j + 1, 9_000))]));
        }

        var struck = true;
        var calls = 0;
        for (var at = 1; struck; at++)
        {
            var place = new MemoryStore();
            await using var faulty = new FaultyStore(place, new FaultRule(fault) { At = at });
            await Record.ExceptionAsync(() => ReplicateAsync(repository, faulty, [.. snapshots]));
            struck = faulty.Struck;
            calls += struck ? 1 : 0;
            PruneTests.Unlocked(place);
            if (place.Keys.Contains("config"))
            {
                await PruneTests.AssertSoundAsync(place);
            }

            await ReplicateAsync(repository, place, [.. snapshots]);
            Assert.Equal(2, place.Under("snapshots/").Count);
            await PruneTests.AssertSoundAsync(place);
        }

        Assert.True(calls > 20, $"only {calls} calls were tried");
    }

    private static async Task<CopyReport> ReplicateAsync(ResticRepository repository, IObjectStore place, params Snapshot[] snapshots)
    {
        await using var replica = await RepositoryReplica.OpenAsync(repository, place, TestRepositories.Cheap, Cancellation);
        return await new RepositoryCopy(repository, replica).RunBesideAsync(new CopyRequest { Snapshots = [.. snapshots.Select(snapshot => snapshot.Id)] }, Cancellation);
    }
}

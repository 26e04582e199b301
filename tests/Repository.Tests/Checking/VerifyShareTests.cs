using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Checking.Reads;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Programs;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Checking;

public sealed class VerifyShareTests : IAsyncDisposable
{
    private readonly DayClock _clock = new();
    private readonly MemoryStore _store = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task A_share_each_day_reads_everything_in_time_while_the_repository_grows()
    {
        const int days = 5;
        var share = new VerifyShare { Fraction = 1.0 / days, NotReadFor = TimeSpan.FromDays(days) };
        await using var repository = await FilledAsync(packs: 12);
        for (var day = 1; day <= 4 * days; day++)
        {
            if (day < 2 * days)
            {
                await AddAsync(repository, seed: 1000 * day, packs: day);
            }

            var report = await VerifyAsync(repository, share);
            Assert.Empty(report.Damages);
            Assert.True(report.IsRemembered);
            var stored = _store.Under("data/").Sum(pack => (long)_store[pack].Length);
            Assert.InRange(report.BytesRead, stored / days, stored);
            if (day >= 2 * days)
            {
                Assert.True(_clock.GetUtcNow() - report.AllReadSince < TimeSpan.FromDays(days), $"day {day}: {report.AllReadSince}");
                Assert.True(report.PacksRead <= report.Packs * 3 / 4, $"day {day}: {report.PacksRead} of {report.Packs} packs"); // Not everything at once.
            }

            _clock.Step(TimeSpan.FromDays(1));
        }
    }

    [Fact]
    public async Task Packs_that_were_never_read_come_first_and_then_the_oldest()
    {
        await using var repository = await FilledAsync(packs: 6);
        var all = await VerifyAsync(repository, new VerifyShare { Fraction = 1 });
        Assert.Equal(all.Packs, all.PacksRead);
        _clock.Step(TimeSpan.FromDays(1));
        await AddAsync(repository, seed: 500, packs: 2);

        var next = await VerifyAsync(repository, new VerifyShare { NotReadFor = TimeSpan.FromDays(2) });
        Assert.InRange(next.PacksRead, 2, all.Packs - 1);
        Assert.Equal(_clock.GetUtcNow() - TimeSpan.FromDays(1), next.AllReadSince);
        Assert.Equal(0, (await VerifyAsync(repository, new VerifyShare { NotReadFor = TimeSpan.FromDays(2) })).PacksRead);
    }

    [Fact]
    public async Task A_damaged_pack_is_found_in_its_turn_and_stays_due()
    {
        await using var repository = await FilledAsync(packs: 6);
        var damaged = _store.Under("data/")[0];
        _store[damaged][100] ^= 1;
        var found = 0;
        for (var run = 0; run < 12; run++)
        {
            var report = await VerifyAsync(repository, new VerifyShare { Fraction = 0.3 });
            found += report.Damages.Count(damage => damage.Object == damaged);
            Assert.Null(report.AllReadSince);
            _clock.Step(TimeSpan.FromDays(1));
        }

        Assert.InRange(found, 11, 12); // Never read whole, so always first.
    }

    [Fact]
    public async Task Memory_that_is_damaged_missing_or_from_the_future_means_to_read_again()
    {
        await using var repository = await FilledAsync(packs: 4);
        var once = new VerifyShare { NotReadFor = TimeSpan.FromDays(10) };
        var packs = (await VerifyAsync(repository, once)).PacksRead;
        Assert.Equal(0, (await VerifyAsync(repository, once)).PacksRead);

        var key = Assert.Single(_store.Under("stella/reads/"));
        _store[key][20] ^= 1;
        Assert.Equal(packs, (await VerifyAsync(repository, once)).PacksRead);
        foreach (var lost in _store.Under("stella/reads/"))
        {
            await _store.DeleteAsync(lost, Cancellation);
        }

        Assert.Equal(packs, (await VerifyAsync(repository, once)).PacksRead);
        _clock.Step(TimeSpan.FromDays(-20));
        var report = await VerifyAsync(repository, once);
        Assert.Equal(packs, report.PacksRead);
        Assert.Empty(report.Damages);
    }

    [Fact]
    public async Task Objects_of_many_runs_become_one_and_nothing_is_forgotten()
    {
        await using var repository = await FilledAsync(packs: 40);
        var report = await VerifyAsync(repository, new VerifyShare { Fraction = 0.03 });
        for (var run = 0; run < 40; run++)
        {
            report = await VerifyAsync(repository, new VerifyShare { Fraction = 0.03 });
            Assert.InRange(_store.Under("stella/reads/").Count, 1, ReadMemory.MostObjects);
        }

        Assert.NotNull(report.AllReadSince);
        Assert.Equal(0, (await VerifyAsync(repository, new VerifyShare { NotReadFor = TimeSpan.FromDays(1) })).PacksRead);
    }

    [Theory]
    [InlineData(Fault.Crash)]
    [InlineData(Fault.CrashAfter)]
    public async Task Killed_at_any_change_of_the_memory_the_next_run_knows_at_least_what_was_known(Fault fault)
    {
        await using (var repository = await FilledAsync(packs: ReadMemory.MostObjects + 4))
        {
            for (var run = 0; run < ReadMemory.MostObjects; run++)
            {
                await VerifyAsync(repository, new VerifyShare { Fraction = 0.01 });
            }
        }

        Assert.Equal(ReadMemory.MostObjects, _store.Under("stella/reads/").Count);
        var struck = true;
        for (var at = 1; struck; at++)
        {
            var copy = _store.Copy();
            var faulty = new FaultyStore(copy, fault, at);
            await using (var repository = await TestRepositories.OpenAsync(faulty, Options))
            {
                var failure = await Record.ExceptionAsync(() => VerifyAsync(repository, new VerifyShare { Fraction = 0.01 }));
                struck = faulty.Struck;
                Assert.Equal(struck, failure is CrashException);
            }

            await using var next = await TestRepositories.OpenAsync(copy, Options);
            var report = await VerifyAsync(next, new VerifyShare { NotReadFor = TimeSpan.FromDays(1) });
            Assert.Empty(report.Damages);
            Assert.InRange(report.PacksRead, 1, report.Packs - ReadMemory.MostObjects);
        }
    }

    [Fact]
    public async Task A_store_that_cannot_be_written_is_no_error()
    {
        await (await FilledAsync(packs: 3)).DisposeAsync();
        var refusing = new FaultyStore(_store, new FaultRule(Fault.FailAlways) { Matches = call => call.IsChange, Failure = StorageFailure.PermissionDenied });
        await using var repository = await TestRepositories.OpenAsync(refusing, Options);
        var report = await VerifyAsync(repository, new VerifyShare { Fraction = 1 });
        Assert.Empty(report.Damages);
        Assert.False(report.IsRemembered);
        Assert.Equal(report.Packs, report.PacksRead);
    }

    [Fact]
    public async Task A_verify_of_everything_reads_everything_and_remembers_only_when_asked()
    {
        await using var repository = await FilledAsync(packs: 3);
        for (var run = 0; run < 2; run++)
        {
            var report = await repository.VerifyAsync(new VerifyRequest(), Cancellation);
            Assert.Equal(report.Packs, report.PacksRead);
        }

        Assert.Empty(_store.Under("stella/"));
        await repository.VerifyAsync(new VerifyRequest { Remember = true }, Cancellation);
        Assert.Equal(0, (await VerifyAsync(repository, new VerifyShare { NotReadFor = TimeSpan.FromDays(1) })).PacksRead);
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    [InlineData(0)]
    [InlineData(double.NaN)]
    public async Task A_share_that_is_none_is_refused(double fraction)
    {
        await using var repository = await FilledAsync(packs: 1);
        await Assert.ThrowsAsync<ArgumentException>(() => VerifyAsync(repository, new VerifyShare { Fraction = fraction }));
    }

    [Fact]
    public async Task Restic_checks_and_prunes_a_repository_with_our_memory_and_leaves_it_there()
    {
        using var directory = new TemporaryDirectory();
        await using var store = new LocalObjectStore(directory["repository"]);
        await using (var repository = await TestRepositories.InitAsync(store))
        {
            var first = await TestRepositories.BackUpAsync(repository, [TestRepositories.Content(1, 90_000), TestRepositories.Content(3, 90_000)]);
            await TestRepositories.BackUpAsync(repository, [TestRepositories.Content(1, 90_000)]);
            await repository.VerifyAsync(new VerifyRequest { Remember = true }, Cancellation);
            var restic = new ResticProgram(directory["repository"], TestRepositories.Password);
            await restic.RunAsync(["check", "--read-data"], Cancellation);
            await restic.RunAsync(["forget", first.Id.ToString(), "--prune"], Cancellation);
            await restic.RunAsync(["check", "--read-data"], Cancellation);
        }

        Assert.Single(Directory.GetFiles(directory["repository/stella/reads"]));
        await using var reopened = await TestRepositories.OpenAsync(store);
        var report = await reopened.VerifyAsync(new VerifyRequest { Share = new VerifyShare { NotReadFor = TimeSpan.FromDays(1) } }, Cancellation);
        Assert.Empty(report.Damages);
        Assert.Equal(0, report.PacksRead); // The prune only took packs away; the others are remembered.
    }

    private RepositoryOptions Options => TestRepositories.Cheap with { Clock = _clock };

    private static Task<CheckReport> VerifyAsync(ResticRepository repository, VerifyShare share) =>
        repository.VerifyAsync(new VerifyRequest { Share = share }, Cancellation);

    private async Task<ResticRepository> FilledAsync(int packs)
    {
        var repository = await TestRepositories.InitAsync(_store, Options);
        await AddAsync(repository, seed: 1, packs);
        return repository;
    }

    // Contents that do not compress, each as large as a pack.
    private static Task<Snapshot> AddAsync(ResticRepository repository, int seed, int packs) => TestRepositories.BackUpAsync(
        repository, [.. Enumerable.Range(0, packs).Select(i => TestRepositories.Content(2 * (seed + i) + 1, TestRepositories.Cheap.PackTarget))]);

    private sealed class DayClock : TimeProvider
    {
        private TimeSpan _ahead;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddYears(50) + _ahead;

        public void Step(TimeSpan by) => _ahead += by;
    }
}

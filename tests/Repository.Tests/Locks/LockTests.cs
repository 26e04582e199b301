using System.Text.Json;
using StellaOps.Backup.Repository.Locks;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Programs;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Locks;

public sealed class LockTests : IAsyncDisposable
{
    private readonly MemoryStore _store = new();

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task Shared_locks_go_together_and_an_exclusive_one_is_alone()
    {
        await using var repository = await TestRepositories.InitAsync(_store);
        await using (await LockAsync(repository, LockKind.Shared))
        await using (await LockAsync(repository, LockKind.Shared))
        {
            await AssertLockedAsync(repository, LockKind.Exclusive);
        }

        await using (await LockAsync(repository, LockKind.Exclusive))
        {
            await AssertLockedAsync(repository, LockKind.Shared);
            await AssertLockedAsync(repository, LockKind.Exclusive);
        }

        Assert.Empty(_store.Under("locks/"));
    }

    [Fact]
    public async Task Of_two_at_the_same_moment_at_most_one_gets_an_exclusive_lock()
    {
        await using var repository = await TestRepositories.InitAsync(_store);
        var locks = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => TryLockAsync(repository)));
        Assert.InRange(locks.Count(held => held is not null), 0, 1);
        foreach (var held in locks.OfType<RepositoryLock>())
        {
            await held.DisposeAsync();
        }

        Assert.Empty(_store.Under("locks/"));
    }

    [Fact]
    public async Task A_lock_of_another_host_counts_for_half_an_hour()
    {
        await using var repository = await TestRepositories.InitAsync(_store);
        await LeaveLockAsync("elsewhere", age: TimeSpan.FromMinutes(29));
        await AssertLockedAsync(repository, LockKind.Shared);
        Assert.Single(_store.Under("locks/"));

        Clear();
        await LeaveLockAsync("elsewhere", age: TimeSpan.FromMinutes(31));
        await using (await LockAsync(repository, LockKind.Exclusive))
        {
            Assert.Single(_store.Under("locks/")); // Ours; the other one was removed.
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_lock_of_a_dead_process_of_this_host_does_not_count(bool ourNumber)
    {
        using var process = System.Diagnostics.Process.Start("true");
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        await using var repository = await TestRepositories.InitAsync(_store);
        await LeaveLockAsync(TestRepositories.Cheap.Hostname, TimeSpan.Zero, ourNumber ? Environment.ProcessId : process.Id, LockPlace.Own);
        await using var held = await LockAsync(repository, LockKind.Exclusive);
    }

    [Fact]
    public async Task A_lock_of_a_process_that_lives_counts()
    {
        using var process = System.Diagnostics.Process.Start("sleep", "60");
        await using var repository = await TestRepositories.InitAsync(_store);
        await LeaveLockAsync(TestRepositories.Cheap.Hostname, TimeSpan.FromMinutes(20), process.Id, LockPlace.Own);
        await AssertLockedAsync(repository, LockKind.Shared);
        process.Kill();
    }

    [Theory]
    [InlineData(true)] // Another machine with the same name, or this one before it was started again.
    [InlineData(false)] // Another container.
    public async Task A_lock_of_the_same_host_name_and_number_counts_for_ten_minutes_where_its_process_cannot_be_seen(bool elsewhere)
    {
        var place = elsewhere ? LockPlace.Own with { Boot = "another" } : LockPlace.Own with { Processes = "pid:[1]", Layer = "another" };
        await using var repository = await TestRepositories.InitAsync(_store);
        await LeaveLockAsync(TestRepositories.Cheap.Hostname, TimeSpan.FromMinutes(9), Environment.ProcessId, place);
        await AssertLockedAsync(repository, LockKind.Exclusive);

        Clear();
        await LeaveLockAsync(TestRepositories.Cheap.Hostname, TimeSpan.FromMinutes(11), Environment.ProcessId, place);
        await using var held = await LockAsync(repository, LockKind.Exclusive);
    }

    [Fact]
    public void A_container_that_was_started_again_knows_that_its_former_processes_are_gone()
    {
        var before = new LockPlace { Boot = "b", Processes = "pid:[1]", Layer = LockPlace.LayerIn(Mounts("/var/lib/docker/overlay2/abc/diff")) };
        var after = before with { Processes = "pid:[2]" };
        var other = after with { Layer = LockPlace.LayerIn(Mounts("/var/lib/docker/overlay2/xyz/diff")) };
        var left = new LockJson { Pid = Environment.ProcessId, StellaPlace = before };
        Assert.Equal(HolderState.Gone, LockHolder.Find(left, after));
        Assert.Equal(HolderState.Unknown, LockHolder.Find(left, other));
        Assert.Null(LockPlace.LayerIn(["26 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw"]));
        Assert.Equal(HolderState.Unknown, LockHolder.Find(left with { StellaPlace = before with { Layer = null } }, after with { Layer = null }));

        static string[] Mounts(string upper) =>
        [
            $"577 417 0:57 / / rw,relatime master:198 - overlay overlay rw,lowerdir=/l/A:/l/B,upperdir={upper},workdir=/w",
            "578 577 0:60 / /proc rw,nosuid - proc proc rw",
        ];
    }

    [Fact]
    public async Task A_lock_says_where_its_holder_runs_and_restic_reads_it_all_the_same()
    {
        var cancellation = TestContext.Current.CancellationToken;
        using var directory = new TemporaryDirectory();
        await using var store = new LocalObjectStore(directory["repository"]);
        await using var repository = await TestRepositories.InitAsync(store);
        await using var held = await LockAsync(repository, LockKind.Shared);
        var id = (await ListAsync(repository).SingleAsync(cancellation)).Id;
        var json = await new ResticProgram(directory["repository"], TestRepositories.Password).RunAsync(["cat", "lock", id.ToString()], cancellation);
        Assert.Contains("\"hostname\": \"tests\"", json, StringComparison.Ordinal);
        var ours = LockFiles.Decode(id, await repository.Parts.Files.LoadAsync(FileKind.Lock, id, cancellation));
        Assert.Equal(LockPlace.Own, ours.StellaPlace);
        Assert.NotNull(LockPlace.Own.Processes);
        Assert.NotNull(LockPlace.Own.Boot);
    }

    [Fact]
    public async Task A_lock_that_cannot_be_read_counts_for_half_an_hour_after_it_was_written()
    {
        using var directory = new TemporaryDirectory();
        var clock = new SteppedClock();
        await using var store = new LocalObjectStore(directory["repository"]);
        await using var repository = await TestRepositories.InitAsync(store, TestRepositories.Cheap with { Clock = clock });
        var name = await LeaveDamagedLockAsync(repository, directory["repository/locks"]);

        var failure = await Assert.ThrowsAsync<RepositoryException>(() => LockAsync(repository, LockKind.Shared));
        Assert.Equal(RepositoryFailure.Locked, failure.Failure);
        Assert.Contains("unlock --remove-all", failure.Message, StringComparison.Ordinal);
        Assert.False((await ListAsync(repository).SingleAsync(TestContext.Current.CancellationToken)).IsReadable);
        Assert.Empty(await repository.UnlockAsync(all: false, TestContext.Current.CancellationToken));

        File.SetLastWriteTimeUtc(name, DateTime.UtcNow.AddMinutes(-31));
        Assert.Single(await repository.UnlockAsync(all: false, TestContext.Current.CancellationToken));
        await using var held = await LockAsync(repository, LockKind.Exclusive);
    }

    [Fact]
    public async Task Unlock_removes_what_no_longer_counts_and_everything_only_when_told()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var repository = await TestRepositories.InitAsync(_store);
        await LeaveLockAsync("elsewhere", age: TimeSpan.FromMinutes(31));
        await LeaveLockAsync("elsewhere", age: TimeSpan.FromMinutes(3));
        Assert.Equal([false, true], await ListAsync(repository).OrderBy(found => found.IsStale).Select(found => found.IsStale).ToListAsync(cancellation));

        Assert.True(Assert.Single(await repository.UnlockAsync(all: false, cancellation)).IsStale);
        Assert.Single(_store.Under("locks/"));
        Assert.Single(await repository.UnlockAsync(all: true, cancellation));
        Assert.Empty(_store.Under("locks/"));
    }

    [Fact]
    public async Task A_conflict_names_holder_host_process_age_and_what_ends_it()
    {
        await using var repository = await TestRepositories.InitAsync(_store);
        await LeaveLockAsync("elsewhere", age: TimeSpan.FromMinutes(12));
        var failure = await Assert.ThrowsAsync<RepositoryException>(() => LockAsync(repository, LockKind.Shared));
        foreach (var part in (string[])["tester", "elsewhere", $"process {Environment.ProcessId}", "12 min ago", "30 minutes"])
        {
            Assert.Contains(part, failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Whoever_waits_for_a_lock_gets_it_when_it_is_free_and_gives_up_at_the_bound()
    {
        var clock = new SteppedClock();
        await using var repository = await TestRepositories.InitAsync(_store, TestRepositories.Cheap with { Clock = clock, LockWait = TimeSpan.FromMinutes(10) });
        await using (await LockAsync(repository, LockKind.Shared))
        {
            var waiting = LockAsync(repository, LockKind.Exclusive);
            while (!waiting.IsCompleted)
            {
                Assert.InRange(clock.Ahead, TimeSpan.Zero, TimeSpan.FromMinutes(12));
                clock.Step(TimeSpan.FromSeconds(30));
                await Task.Delay(1, TestContext.Current.CancellationToken);
            }

            Assert.Equal(RepositoryFailure.Locked, (await Assert.ThrowsAsync<RepositoryException>(() => waiting)).Failure);
            Assert.True(clock.Ahead >= TimeSpan.FromMinutes(10));
        }

        var first = await LockAsync(repository, LockKind.Exclusive);
        var second = LockAsync(repository, LockKind.Exclusive);
        await first.DisposeAsync();
        var until = clock.Ahead + TimeSpan.FromMinutes(5);
        while (!second.IsCompleted)
        {
            Assert.InRange(clock.Ahead, TimeSpan.Zero, until);
            clock.Step(TimeSpan.FromSeconds(1));
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }

        await (await second).DisposeAsync();
    }

    [Fact]
    public async Task An_exclusive_lock_can_be_shared_without_a_gap()
    {
        await using var repository = await TestRepositories.InitAsync(_store);
        await using (var held = await LockAsync(repository, LockKind.Exclusive))
        {
            Assert.True(await held.TryShareAsync(TestContext.Current.CancellationToken));
            await using var other = await LockAsync(repository, LockKind.Shared);
            await AssertLockedAsync(repository, LockKind.Exclusive);
        }

        Assert.Empty(_store.Under("locks/"));
    }

    [Fact]
    public async Task A_long_holder_writes_its_lock_anew()
    {
        var clock = new SteppedClock();
        await using var repository = await TestRepositories.InitAsync(_store, TestRepositories.Cheap with { Clock = clock });
        await using (await LockAsync(repository, LockKind.Shared))
        {
            var first = Assert.Single(_store.Under("locks/"));
            clock.Step(TimeSpan.FromMinutes(5));
            while (_store.Under("locks/") is [var only] && only == first || _store.Under("locks/").Count != 1)
            {
                await Task.Delay(5, TestContext.Current.CancellationToken);
            }
        }

        Assert.Empty(_store.Under("locks/"));
    }

    [Fact]
    public async Task A_holder_whose_lock_was_removed_is_told()
    {
        var clock = new SteppedClock();
        await using var repository = await TestRepositories.InitAsync(_store, TestRepositories.Cheap with { Clock = clock });
        await using var held = await LockAsync(repository, LockKind.Shared);
        Clear();
        clock.Step(TimeSpan.FromMinutes(5));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.Delay(Timeout.Infinite, held.Lost));
    }

    [Fact]
    public async Task A_holder_that_cannot_refresh_is_told_before_others_take_its_lock_for_abandoned()
    {
        var clock = new SteppedClock();
        await using (await TestRepositories.InitAsync(_store))
        {
        }

        await using var failing = new FaultyStore(_store, Fault.FailAlways, at: 2);
        await using var repository = await TestRepositories.OpenAsync(failing, TestRepositories.Cheap with { Clock = clock });
        await using var held = await LockAsync(repository, LockKind.Shared);
        while (!held.Lost.IsCancellationRequested)
        {
            Assert.InRange(clock.Ahead, TimeSpan.Zero, TimeSpan.FromMinutes(30));
            clock.Step(TimeSpan.FromSeconds(20));
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }

        Assert.True(clock.Ahead >= TimeSpan.FromMinutes(22.5));
    }

    [Fact]
    public async Task A_holder_is_told_in_time_and_gives_its_lock_back_whatever_a_store_throws()
    {
        var clock = new SteppedClock();
        await using (await TestRepositories.InitAsync(_store))
        {
        }

        // Of each kind of call that refreshes, all but the first.
        await using var failing = new FaultyStore(_store, [.. Enumerable.Range(2, 200).SelectMany(at => (IEnumerable<FaultRule>)[Thrown(StoreCallKind.Put, at), Thrown(StoreCallKind.Find, at)])]);
        await using var repository = await TestRepositories.OpenAsync(failing, TestRepositories.Cheap with { Clock = clock });
        await using (var held = await LockAsync(repository, LockKind.Shared))
        {
            await using var told = held.Lost.Register(() => throw new InvalidOperationException("a listener that fails"));
            while (!held.Lost.IsCancellationRequested)
            {
                Assert.InRange(clock.Ahead, TimeSpan.Zero, TimeSpan.FromMinutes(30));
                clock.Step(TimeSpan.FromSeconds(20));
                await Task.Delay(1, TestContext.Current.CancellationToken);
            }

            Assert.True(clock.Ahead >= TimeSpan.FromMinutes(22.5));
        }

        Assert.True(failing.Struck);
        Assert.Empty(_store.Under("locks/"));

        static FaultRule Thrown(StoreCallKind kind, int at) => new(Fault.Delay)
        {
            Matches = call => call.Kind == kind && call.Key.StartsWith("locks/", StringComparison.Ordinal),
            At = at,
            Delay = _ => Task.FromException(new TimeoutException("the store says nothing")),
        };
    }

    [Fact]
    public async Task Restic_honours_ours_and_we_honour_restics_locks()
    {
        var cancellation = TestContext.Current.CancellationToken;
        using var directory = new TemporaryDirectory();
        await using var store = new LocalObjectStore(directory["repository"]);
        await using var repository = await TestRepositories.InitAsync(store);
        await TestRepositories.BackUpAsync(repository, [TestRepositories.Content(1, 10)]);
        var restic = new ResticProgram(directory["repository"], TestRepositories.Password);
        await using (await LockAsync(repository, LockKind.Shared))
        {
            await restic.RunAsync(["ls", "latest"], cancellation);
            var refused = await restic.TryRunAsync(["prune"], cancellation);
            Assert.NotEqual(0, refused.ExitCode);
            Assert.Contains("locked", refused.Error, StringComparison.Ordinal);
            Assert.Contains("tester", refused.Error, StringComparison.Ordinal);
        }

        await restic.RunAsync(["prune"], cancellation);
    }

    /// <summary>A lock whose first bit flipped after it was written; answers the path of its file.</summary>
    private static async Task<string> LeaveDamagedLockAsync(ResticRepository repository, string folder)
    {
        var id = await repository.Parts.Files.SaveAsync(FileKind.Lock, "{}"u8.ToArray(), TestContext.Current.CancellationToken);
        var path = Path.Combine(folder, id.ToString());
        var content = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        content[0] ^= 1;
        await File.WriteAllBytesAsync(path, content, TestContext.Current.CancellationToken);
        return path;
    }

    private static IAsyncEnumerable<LockInfo> ListAsync(ResticRepository repository) => repository.ListLocksAsync(TestContext.Current.CancellationToken);

    private static Task<RepositoryLock> LockAsync(ResticRepository repository, LockKind kind) =>
        repository.LockAsync(kind, TestContext.Current.CancellationToken);

    private static async Task<RepositoryLock?> TryLockAsync(ResticRepository repository)
    {
        try
        {
            return await LockAsync(repository, LockKind.Exclusive);
        }
        catch (RepositoryException exception) when (exception.Failure == RepositoryFailure.Locked)
        {
            return null;
        }
    }

    private static async Task AssertLockedAsync(ResticRepository repository, LockKind kind)
    {
        var failure = await Assert.ThrowsAsync<RepositoryException>(() => LockAsync(repository, kind));
        Assert.Equal(RepositoryFailure.Locked, failure.Failure);
        Assert.Contains("tester", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>Writes a lock as a process would that then dies.</summary>
    private async Task LeaveLockAsync(string host, TimeSpan age, int? process = null, LockPlace? place = null)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(
            new LockJson { Time = DateTimeOffset.UtcNow - age, Exclusive = true, Hostname = host, Username = "tester", Pid = process ?? Environment.ProcessId, StellaPlace = place },
            RepositoryJson.Default.LockJson);
        await using var repository = await TestRepositories.OpenAsync(_store);
        await repository.Parts.Files.SaveAsync(FileKind.Lock, json, TestContext.Current.CancellationToken);
    }

    private void Clear()
    {
        foreach (var key in _store.Under("locks/"))
        {
            _store.DeleteAsync(key).AsTask().Wait();
        }
    }
}

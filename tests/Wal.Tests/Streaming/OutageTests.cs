using StellaOps.Backup.Postgres.Replication;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Testing.Storage;
using StellaOps.Backup.Wal.Ledger;
using StellaOps.Backup.Wal.Streaming;
using StellaOps.Backup.Wal.Tests.Bench;

namespace StellaOps.Backup.Wal.Tests.Streaming;

/// <summary>What fails between the server and the archive, and that nothing is lost by it.</summary>
public sealed class OutageTests
{
    private volatile bool _away;

    [Theory]
    [InlineData(StorageFailure.Full)]
    [InlineData(StorageFailure.Unavailable)]
    public async Task A_store_that_fails_is_caught_up_and_the_server_never_waits(StorageFailure failure)
    {
        await using var bench = await WalBench.StartAsync(15);
        var location = Store(bench, failure);
        var archiver = bench.Archive(location);
        await bench.WriteAsync(20);
        await bench.CatchUpAsync(archiver);

        _away = true;
        var before = archiver.Status.Archived;
        await bench.WriteAsync(60);
        var written = await WalBench.FlushedAsync(bench.Server);
        await WalBench.UntilAsync(() => archiver.Status.StoreFailures > 0 && archiver.Status.Received >= written, () => $"{archiver.Status}");
        Assert.True(archiver.Status.Archived <= before, $"{archiver.Status.Archived} is acknowledged, {before} is archived");
        Assert.NotNull(archiver.Status.Problem);
        Assert.True((await SlotAsync(bench, archiver)).Restart <= before);

        _away = false;
        await bench.CatchUpAsync(archiver);
        await AssertWholeAsync(bench);
        Assert.Null(archiver.Status.Problem);
    }

    [Fact]
    public async Task While_the_disk_of_the_location_is_unmounted_nothing_is_acknowledged_and_it_is_caught_up_when_it_is_back()
    {
        await using var bench = await WalBench.StartAsync(15);
        var archiver = bench.Archive();
        await bench.WriteAsync(20);
        await bench.CatchUpAsync(archiver);

        var (root, elsewhere) = (bench.Location.Description, bench["elsewhere"]);
        Directory.Move(root, elsewhere);
        Directory.CreateDirectory(root);
        var before = archiver.Status.Archived;
        await bench.WriteAsync(60);
        var written = await WalBench.FlushedAsync(bench.Server);
        await WalBench.UntilAsync(() => archiver.Status.StoreFailures > 0 && archiver.Status.Received >= written, () => $"{archiver.Status}");
        Assert.True((await SlotAsync(bench, archiver)).Restart <= before);
        Assert.Contains("is it mounted?", archiver.Status.Problem, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(root));

        Directory.Delete(root);
        Directory.Move(elsewhere, root);
        await bench.CatchUpAsync(archiver);
        await AssertWholeAsync(bench);
        Assert.Null(archiver.Status.Problem);
    }

    [Fact]
    public async Task With_a_full_spool_the_server_shuts_down_and_what_it_kept_is_caught_up()
    {
        await using var bench = await WalBench.StartAsync(15);
        var location = Store(bench, StorageFailure.Unavailable);
        var archiver = bench.Archive(location, options => options with { SpoolBytes = 32 << 20, FullPatience = TimeSpan.FromSeconds(1) });
        await bench.WriteAsync(1);
        await bench.CatchUpAsync(archiver);

        _away = true;
        await bench.WriteAsync(100);
        await WalBench.UntilAsync(() => archiver.Status.Activity == WalActivity.Full, () => $"{archiver.Status}");
        Assert.Equal(archiver.Status.SpoolCapacity, archiver.Status.SpoolSegments);
        Assert.Equal(2, Directory.GetFiles(bench["spool"], "0000*", SearchOption.AllDirectories).Length);
        await bench.Server.StopAsync(PostgresStop.Fast, TestContext.Current.CancellationToken);
        await bench.Server.StartAgainAsync(TestContext.Current.CancellationToken);

        _away = false;
        await bench.CatchUpAsync(archiver);
        Assert.Equal(WalActivity.Streaming, archiver.Status.Activity);
        await AssertWholeAsync(bench);
    }

    [Fact]
    public async Task The_first_attempt_after_an_outage_of_the_server_archives()
    {
        await using var bench = await WalBench.StartAsync(15);
        var archiver = bench.Archive();
        await bench.WriteAsync(1);
        await bench.CatchUpAsync(archiver);
        await bench.Server.StopAsync(PostgresStop.Fast, TestContext.Current.CancellationToken);
        await WalBench.UntilAsync(() => archiver.Status.Problem?.Contains("does not answer", StringComparison.Ordinal) == true, () => $"{archiver.Status}");
        var lines = archiver.Journal.Lines.Count;

        await bench.Server.StartAgainAsync(TestContext.Current.CancellationToken);
        await bench.CatchUpAsync(archiver);
        Assert.DoesNotContain(archiver.Journal.Lines.Skip(lines), line => line.Contains("terminating connection", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_server_shuts_down_while_the_store_is_away_and_nothing_is_lost()
    {
        await using var bench = await WalBench.StartAsync(15);
        var location = Store(bench, StorageFailure.Unavailable);
        var archiver = bench.Archive(location);
        await bench.WriteAsync(1);
        await bench.CatchUpAsync(archiver);

        _away = true;
        await bench.WriteAsync(30);
        await bench.Server.StopAsync(PostgresStop.Fast, TestContext.Current.CancellationToken);
        await bench.Server.StartAgainAsync(TestContext.Current.CancellationToken);
        _away = false;
        await bench.WriteAsync(1);
        await bench.CatchUpAsync(archiver);
        await AssertWholeAsync(bench);
    }

    [Fact]
    public async Task A_server_that_is_killed_is_followed_when_it_is_back()
    {
        await using var bench = await WalBench.StartAsync(15);
        var archiver = bench.Archive();
        await bench.WriteAsync(20);
        await bench.Server.KillAsync(TestContext.Current.CancellationToken);
        await bench.Server.StartAgainAsync(TestContext.Current.CancellationToken);
        await bench.WriteAsync(20);
        await bench.CatchUpAsync(archiver);
        await AssertWholeAsync(bench);
    }

    [Fact]
    public async Task A_second_archiver_waits_for_the_slot_and_takes_over()
    {
        await using var bench = await WalBench.StartAsync(15);
        var first = bench.Archive();
        await bench.WriteAsync(20);
        await bench.CatchUpAsync(first);
        var second = bench.Archive(change: options => options with { SpoolDirectory = bench["other-spool"] });
        await WalBench.UntilAsync(() => second.Status.Activity == WalActivity.Standby, () => $"{second.Status}");

        await bench.WriteAsync(20);
        await first.DisposeAsync();
        await bench.WriteAsync(20);
        await bench.CatchUpAsync(second);
        Assert.Equal(WalActivity.Streaming, second.Status.Activity);
        await AssertWholeAsync(bench);
    }

    [Fact]
    public async Task Whole_segments_that_a_dead_process_left_in_the_spool_are_archived()
    {
        await using var bench = await WalBench.StartAsync(15, new Dictionary<string, string> { ["wal_keep_size"] = "0" });
        var location = Store(bench, StorageFailure.Unavailable);
        var first = bench.Archive(location);
        await bench.WriteAsync(1);
        await bench.CatchUpAsync(first);
        _away = true;
        await bench.WriteAsync(50);
        var written = await WalBench.FlushedAsync(bench.Server);
        await WalBench.UntilAsync(() => first.Status.Received >= written, () => $"{first.Status}");
        await first.DisposeAsync();

        // The server loses what the slot held: only the spool has it now.
        await bench.RunAsync($"SELECT pg_drop_replication_slot('{WalBench.Slot}')");
        await bench.RunAsync("CHECKPOINT; SELECT pg_switch_wal(); CHECKPOINT");
        _away = false;
        var second = bench.Archive(location);
        await bench.WriteAsync(1);
        await bench.CatchUpAsync(second);
        Assert.Empty(GapFinder.Find(await bench.InventoryAsync()));
    }

    [Fact]
    public async Task What_a_server_was_let_go_of_when_it_shut_down_is_archived_by_the_next_process_however_much_it_is()
    {
        const int Segments = 30;
        await using var bench = await WalBench.StartAsync(15, new Dictionary<string, string> { ["wal_keep_size"] = "0" });
        var location = Store(bench, StorageFailure.Unavailable);
        var first = bench.Archive(location);
        await bench.WriteAsync(1);
        await bench.CatchUpAsync(first);
        _away = true;
        for (var count = 0; count < Segments; count++)
        {
            await bench.RunAsync("INSERT INTO load (body) VALUES ('a row'); SELECT pg_switch_wal()");
        }

        await KeepOnlyTheSpoolAsync(bench, first);
        var second = bench.Archive(location);
        await bench.WriteAsync(1);
        await bench.CatchUpAsync(second);
        var inventory = await bench.InventoryAsync();
        Assert.Empty(GapFinder.Find(inventory));
        Assert.True(inventory.Segments.Count >= Segments, $"{inventory.Segments.Count} segments are archived");
    }

    [Fact]
    public async Task What_is_left_in_the_spool_is_archived_while_another_one_has_the_slot()
    {
        await using var bench = await WalBench.StartAsync(15, new Dictionary<string, string> { ["wal_keep_size"] = "0" });
        var location = Store(bench, StorageFailure.Unavailable);
        var first = bench.Archive(location);
        await bench.WriteAsync(1);
        await bench.CatchUpAsync(first);
        _away = true;
        await bench.WriteAsync(50);
        await KeepOnlyTheSpoolAsync(bench, first);
        var left = Directory.GetFiles(bench["spool"], "0000*", SearchOption.AllDirectories).Select(path => Path.GetFileName(path)!).Where(name => name.Length == 24).ToList();
        Assert.True(left.Count >= 3, $"{left.Count} segments are left");
        var other = bench.Archive(location, options => options with { SpoolDirectory = bench["other-spool"] });
        await bench.WriteAsync(1);
        await bench.CatchUpAsync(other);
        var again = bench.Archive(location);
        await WalBench.UntilAsync(() => again.Status.SegmentsArchived >= left.Count, () => $"{again.Status}");
        Assert.Equal((WalActivity.Standby, WalActivity.Streaming), (again.Status.Activity, other.Status.Activity));
        var archived = (await bench.InventoryAsync()).Segments.Keys.Select(name => name.ToString()).ToHashSet();
        Assert.All(left, name => Assert.Contains(name, archived));
    }

    [Fact]
    public async Task What_is_left_in_the_spool_and_is_refused_is_said_while_another_one_has_the_slot()
    {
        await using var bench = await WalBench.StartAsync(15);
        var other = bench.Archive(change: options => options with { SpoolDirectory = bench["other-spool"] });
        await bench.WriteAsync(40);
        await bench.CatchUpAsync(other);
        var archived = (await bench.InventoryAsync()).Segments.Keys.Min(name => name.ToString())!;
        var bytes = (await bench.Reader.ReadAsync(archived, TestContext.Current.CancellationToken))!;
        bytes[^1] ^= 1;
        var left = Path.Combine(Directory.CreateDirectory(bench[$"spool/{bench.SystemIdentifier}"]).FullName, archived);
        await File.WriteAllBytesAsync(left, bytes, TestContext.Current.CancellationToken);

        var again = bench.Archive();

        await WalBench.UntilAsync(() => again.Journal.Lines.Any(line => line.Contains($"{archived}.refused", StringComparison.Ordinal)), () => $"{again.Status} {string.Join('\n', again.Journal.Lines)}");
        Assert.Equal(WalActivity.Streaming, other.Status.Activity);
        Assert.Equal(bytes, await File.ReadAllBytesAsync($"{left}.refused", TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)] // It comes back when the other one has gone already.
    public async Task Who_gets_the_slot_back_knows_what_another_one_archived_meanwhile(bool seen)
    {
        await using var bench = await WalBench.StartAsync(15, new Dictionary<string, string> { ["wal_keep_size"] = "0" });
        await bench.RunAsync("CREATE ROLE one LOGIN SUPERUSER REPLICATION");
        await using var one = new RunningArchiver($"{bench.Server.ConnectionString};Username=one", bench.Location, bench.Encryption, Options(bench, "spool-one"));
        await bench.WriteAsync(20);
        await bench.CatchUpAsync(one);

        await bench.RunAsync("ALTER ROLE one NOLOGIN; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'one'");
        var other = bench.Archive();
        await WalBench.UntilAsync(() => other.Status.Activity == WalActivity.Streaming, () => $"{other.Status}");
        if (seen)
        {
            await bench.RunAsync("ALTER ROLE one LOGIN");
            await WalBench.UntilAsync(() => one.Status.Activity == WalActivity.Standby, () => $"{one.Status}");
        }

        await bench.WriteAsync(100);
        await bench.CatchUpAsync(other);
        await bench.RunAsync("CHECKPOINT; SELECT pg_switch_wal(); CHECKPOINT");
        await bench.CatchUpAsync(other);
        await bench.RunAsync("CHECKPOINT");

        await other.DisposeAsync();
        await bench.RunAsync("ALTER ROLE one LOGIN");
        await bench.WriteAsync(20);
        await bench.CatchUpAsync(one);
        Assert.DoesNotContain(one.Journal.Lines, line => line.Contains("lost", StringComparison.Ordinal));
        var inventory = await bench.InventoryAsync();
        Assert.Empty(inventory.Gaps);
        Assert.Empty(GapFinder.Find(inventory));
    }

    [Fact]
    public async Task That_the_archive_had_everything_is_said_of_the_moment_at_which_the_server_was_asked()
    {
        await using var bench = await WalBench.StartAsync(15);
        var started = DateTimeOffset.UtcNow;
        var archiver = bench.Archive(change: options => options with { WatchInterval = TimeSpan.FromHours(1) });
        await WalBench.UntilAsync(() => archiver.Status.CaughtUpAt is not null, () => $"{archiver.Status}");
        var asked = archiver.Status.ServerAt;
        Assert.True(asked >= started);
        await bench.WriteAsync(20);
        await bench.CatchUpAsync(archiver);
        await bench.WriteAsync(1);
        await bench.CatchUpAsync(archiver);
        Assert.Equal(asked, archiver.Status.CaughtUpAt);
    }

    [Fact]
    public async Task Who_starts_while_nothing_can_be_stored_takes_back_nothing_that_the_state_says()
    {
        await using var bench = await WalBench.StartAsync(15);
        var first = bench.Archive();
        await bench.WriteAsync(20);
        await bench.CatchUpAsync(first);
        await WalBench.UntilAsync(() => first.Status.CaughtUpAt is not null, () => $"{first.Status}");
        await first.DisposeAsync();
        var before = (await bench.InventoryAsync()).State!;
        Assert.NotNull(before.CaughtUpAt);

        // Documents are written, WAL is not.
        await bench.WriteAsync(40);
        var written = await WalBench.FlushedAsync(bench.Server);
        var second = bench.Archive(new FaultyStore(bench.Location, new FaultRule(Fault.FailAlways) { Matches = call => call.Kind == StoreCallKind.Put && call.Key.EndsWith(".age", StringComparison.Ordinal) }));
        await WalBench.UntilAsync(() => second.Status.Received >= written, () => $"{second.Status}");
        await second.DisposeAsync();

        var after = (await bench.InventoryAsync()).State!;
        Assert.Equal((before.CaughtUpAt, before.CaughtUpAt), (after.CaughtUpAt, second.Status.CaughtUpAt));
        Assert.Equal((before.ArchivedTo, before.Tail?.StopLsn), (after.ArchivedTo, after.Tail?.StopLsn));
    }

    /// <summary>The server shuts down while the store is away, and removes what it was told to be safe, whether or not its slot was saved after that.</summary>
    private async Task KeepOnlyTheSpoolAsync(WalBench bench, RunningArchiver archiver)
    {
        var written = await WalBench.FlushedAsync(bench.Server);
        await WalBench.UntilAsync(() => archiver.Status.Received >= written, () => $"{archiver.Status}");
        await bench.Server.StopAsync(PostgresStop.Fast, TestContext.Current.CancellationToken);
        await archiver.DisposeAsync();
        await bench.Server.StartAgainAsync(TestContext.Current.CancellationToken);
        await bench.RunAsync($"SELECT pg_drop_replication_slot('{WalBench.Slot}')");
        await bench.RunAsync("CHECKPOINT; SELECT pg_switch_wal(); CHECKPOINT");
        _away = false;
    }

    private static WalArchiverOptions Options(WalBench bench, string spool) => new()
    {
        Cluster = "main", Slot = WalBench.Slot, SpoolDirectory = bench[spool], TailInterval = TimeSpan.FromMilliseconds(100), WatchInterval = TimeSpan.FromMilliseconds(200),
        RetryPause = TimeSpan.FromMilliseconds(200),
    };

    private FaultyStore Store(WalBench bench, StorageFailure failure) =>
        new(bench.Location, new FaultRule(Fault.FailAlways) { Matches = _ => _away, Failure = failure });

    private static async Task<ReplicationSlot> SlotAsync(WalBench bench, RunningArchiver archiver)
    {
        ReplicationSlot? slot = null;
        await WalBench.UntilAsync(() => (slot = archiver.Status.Slot) is { Restart: not null }, () => $"{archiver.Status} of {bench.SystemIdentifier}");
        return slot!;
    }

    private static async Task AssertWholeAsync(WalBench bench)
    {
        Assert.Empty(GapFinder.Find(await bench.InventoryAsync()));
        Assert.Empty((await bench.InventoryAsync()).Conflicts);
        Assert.True(await bench.CompareWithServerAsync() > 0);
    }
}

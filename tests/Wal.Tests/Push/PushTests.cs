using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Testing.Storage;
using StellaOps.Backup.Wal.Coverage;
using StellaOps.Backup.Wal.Ledger;
using StellaOps.Backup.Wal.Manifests;
using StellaOps.Backup.Wal.Push;
using StellaOps.Backup.Wal.Streaming;
using StellaOps.Backup.Wal.Tests.Bench;

namespace StellaOps.Backup.Wal.Tests.Push;

public sealed class PushTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_segment_is_pushed_once_and_other_content_of_its_name_is_refused()
    {
        await using var bench = await WalBench.StartAsync(15);
        await bench.WriteAsync(40);
        var segment = Directory.GetFiles(Path.Combine(bench.Server.DataDirectory, "pg_wal"), "0*").Order(StringComparer.Ordinal).First();
        var name = Path.GetFileName(segment);
        var push = new WalPush(bench.Location, bench.Encryption);

        Assert.Equal(PushOutcome.Stored, await push.RunAsync(segment, Cancelled));
        Assert.Equal(PushOutcome.AlreadyThere, await push.RunAsync(segment, Cancelled));
        var bytes = await File.ReadAllBytesAsync(segment, Cancelled);
        Assert.Equal(bytes, await bench.Reader.ReadAsync(name, Cancelled));

        var other = Path.Combine(Directory.CreateDirectory(bench["other"]).FullName, name);
        bytes[^100] ^= 1;
        await File.WriteAllBytesAsync(other, bytes, Cancelled);
        Assert.Equal(WalFailure.Conflict, (await Assert.ThrowsAsync<WalException>(() => push.RunAsync(other, Cancelled))).Failure);

        // A file kept for reuse has a name of the future and bytes of the past.
        var reused = Path.Combine(bench["other"], "0000000100000000000000F0");
        File.Copy(segment, reused);
        Assert.Equal(WalFailure.Invalid, (await Assert.ThrowsAsync<WalException>(() => push.RunAsync(reused, Cancelled))).Failure);
    }

    [Fact]
    public async Task Pushed_segments_have_commit_times_and_restore_points_with_and_without_a_worker_that_keeps_manifests()
    {
        await using var bench = await WalBench.StartAsync(15, new Dictionary<string, string> { ["track_commit_timestamp"] = "on" });
        var push = new WalPush(bench.Location, bench.Encryption);
        await bench.WriteAsync(20);
        await bench.RunAsync("SELECT pg_create_restore_point('pushed')");
        await bench.RunAsync("INSERT INTO load (body) VALUES ('newest')");
        var newest = new DateTimeOffset((DateTime)(await bench.RunAsync("SELECT pg_xact_commit_timestamp(xmin) FROM load WHERE body = 'newest'"))!);
        await PushAllAsync(bench.Server, push);

        // Without any worker: the documents beside the segments say it.
        Assert.Equal(newest, Assert.Single(ArchivedRanges.Of(await bench.InventoryAsync())).LastCommitAt);
        Assert.Contains(new CommitTimes(await bench.InventoryAsync()).RestorePoints(), one => one.Point.Name == "pushed");

        // With one: manifests do, the documents go, and the state tells how far it is.
        var watching = bench.Archive(change: options => options with { Stream = false, ManifestInterval = TimeSpan.FromMilliseconds(200) });
        var segments = (await bench.InventoryAsync()).Segments.Count;
        await UntilFoldedAsync(bench, segments);
        await bench.WriteAsync(20);
        await PushAllAsync(bench.Server, push);
        await UntilFoldedAsync(bench, segments + 2);
        var inventory = await bench.InventoryAsync();
        Assert.Equal(WalActivity.Watching, watching.Status.Activity);
        Assert.Equal((inventory.Segments.Count, inventory.Segments.Count), (inventory.Manifests.Sum(manifest => manifest.Content.Segments.Count), inventory.Expected.Count));
        Assert.Contains(inventory.Manifests.SelectMany(manifest => manifest.Content.Segments), entry => entry.LastCommitAt == newest);
        Assert.Equal(ArchivedRanges.Of(inventory)[^1].Stop, inventory.State!.ArchivedTo);
        Assert.True(inventory.State.LastCommitAt > newest);
        Assert.Contains(new CommitTimes(inventory).RestorePoints(), one => one.Point.Name == "pushed");
        Assert.Empty(ManifestChain.Breaks(inventory));
        Assert.Empty(GapFinder.Find(inventory));
    }

    [Fact]
    public async Task Before_the_first_push_nothing_is_said_to_be_archived()
    {
        await using var bench = await WalBench.StartAsync(15);
        var watching = bench.Archive(change: options => options with { Stream = false });
        var state = await UntilStateAsync(bench, written => written.Timeline == 1);
        Assert.Null(state.Archived);
        Assert.Equal((WalActivity.Watching, default(Postgres.Lsn), (long?)null), (watching.Status.Activity, watching.Status.Archived, watching.Status.LagBytes));

        await bench.WriteAsync(20);
        await PushAllAsync(bench.Server, new WalPush(bench.Location, bench.Encryption));
        state = await UntilStateAsync(bench, written => written.Archived is not null);
        Assert.Equal(ArchivedRanges.Of(await bench.InventoryAsync())[^1].Stop, state.Archived);
        Assert.NotNull(watching.Status.LagBytes);
    }

    [Fact]
    public async Task A_server_that_pushes_is_followed_to_its_new_timeline()
    {
        await using var bench = await WalBench.StartAsync(15);
        await using var standby = await PrivatePostgres.StartStandbyAsync(bench.Server, new Dictionary<string, string> { ["wal_keep_size"] = "1GB" }, Cancelled);
        var push = new WalPush(bench.Location, bench.Encryption);
        await bench.WriteAsync(20);
        await PushAllAsync(bench.Server, push);
        var watching = bench.Archive(change: options => options with { Stream = false, ManifestInterval = TimeSpan.FromMilliseconds(200) }, server: standby);
        await UntilFoldedAsync(bench, (await bench.InventoryAsync()).Segments.Count);
        Assert.Equal(1u, (await bench.InventoryAsync()).State!.Timeline);

        await WalBench.RunAsync(standby, "SELECT pg_promote()");
        await bench.Server.StopAsync(PostgresStop.Immediate, Cancelled);
        await bench.WriteAsync(20, standby);
        await PushAllAsync(standby, push);
        await UntilFoldedAsync(bench, (await bench.InventoryAsync()).Segments.Count);
        var inventory = await bench.InventoryAsync();
        Assert.Equal((WalActivity.Watching, 2u, 2u), (watching.Status.Activity, watching.Status.Timeline, inventory.State!.Timeline));
        Assert.Contains(inventory.Manifests, manifest => manifest.Content.Timeline == 2 && manifest.Content.Segments.Count > 0);
        Assert.Empty(GapFinder.Find(inventory));
    }

    [Fact]
    public async Task What_a_forgotten_slot_of_a_server_that_pushes_holds_is_seen()
    {
        await using var bench = await WalBench.StartAsync(15);
        await bench.RunAsync($"SELECT pg_create_physical_replication_slot('{WalBench.Slot}', true)");
        var watching = bench.Archive(change: options => options with { Stream = false });
        await bench.WriteAsync(20);
        await WalBench.UntilAsync(() => watching.Status.Slot?.RetainedBytes > 16 << 20, () => $"{watching.Status}");
        Assert.Equal(WalActivity.Watching, watching.Status.Activity);
    }

    [Fact]
    public async Task Segments_that_wait_while_none_is_pushed_are_a_problem_until_one_is()
    {
        await using var bench = await WalBench.StartAsync(15);
        var push = new WalPush(bench.Location, bench.Encryption);
        await bench.WriteAsync(20);
        await PushAllAsync(bench.Server, push);
        var clock = new JumpingClock();
        var watching = bench.Archive(change: options => options with { Stream = false }, clock: clock);
        await WalBench.UntilAsync(() => watching.Status is { Activity: WalActivity.Watching, Archived.Value: > 0 }, () => $"{watching.Status}");

        await bench.WriteAsync(50);
        await WalBench.UntilAsync(
            () =>
            {
                clock.Jump(TimeSpan.FromSeconds(30));
                return watching.Status.PushProblem is not null;
            },
            () => $"{watching.Status}");
        Assert.Contains("whole segments were not pushed for", watching.Status.PushProblem, StringComparison.Ordinal);
        await PushAllAsync(bench.Server, push);
        await WalBench.UntilAsync(() => watching.Status.PushProblem is null, () => $"{watching.Status}");
    }

    [Fact]
    public async Task A_failure_from_before_a_switchover_is_none_of_a_standby_that_does_not_archive()
    {
        await using var bench = await WalBench.StartAsync(15, new Dictionary<string, string> { ["archive_mode"] = "on", ["archive_command"] = "false" });
        await using var cluster = new ClusterConnection(bench.Server.ConnectionString);
        await bench.RunAsync("SELECT pg_switch_wal()");
        for (var tries = 0; await ArchiveFailure.FindAsync(cluster, Cancelled) is null; tries++)
        {
            Assert.True(tries < 600);
            await Task.Delay(100, Cancelled);
        }

        await bench.Server.StopAsync(cancellationToken: Cancelled);
        await File.WriteAllTextAsync(Path.Combine(bench.Server.DataDirectory, "standby.signal"), "", Cancelled);
        await bench.Server.StartAgainAsync(Cancelled);
        cluster.ForgetIdle();
        Assert.True((bool)(await bench.RunAsync("SELECT failed_count > 0 FROM pg_stat_archiver"))!);
        Assert.Null(await ArchiveFailure.FindAsync(cluster, Cancelled));
    }

    [Fact]
    public async Task A_look_at_the_server_that_fails_does_not_end_the_session()
    {
        await using var bench = await WalBench.StartAsync(15);
        var watching = bench.Archive(change: options => options with { Stream = false });
        await WalBench.UntilAsync(() => watching.Status.Activity == WalActivity.Watching, () => $"{watching.Status}");
        var attempt = watching.Status.Attempt;
        await bench.RunAsync("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()");
        await bench.WriteAsync(1);
        var written = await WalBench.FlushedAsync(bench.Server);
        await WalBench.UntilAsync(() => watching.Status.Server >= written, () => $"{watching.Status}");
        Assert.Equal(attempt, watching.Status.Attempt);
    }

    [Fact]
    public async Task An_archive_that_was_moved_aside_while_the_server_was_down_begins_anew()
    {
        await using var bench = await WalBench.StartAsync(15);
        var push = new WalPush(bench.Location, bench.Encryption);
        await bench.WriteAsync(20);
        await PushAllAsync(bench.Server, push);
        var watching = bench.Archive(change: options => options with { Stream = false, ManifestInterval = TimeSpan.FromMilliseconds(200) });
        await UntilFoldedAsync(bench, (await bench.InventoryAsync()).Segments.Count);
        await bench.Server.StopAsync(cancellationToken: Cancelled);
        await WalBench.UntilAsync(() => watching.Status.Activity == WalActivity.Connecting, () => $"{watching.Status}");
        Directory.Move(Path.Combine(bench["location"], "wal"), bench["aside"]);

        await bench.Server.StartAgainAsync(Cancelled);
        await bench.WriteAsync(1);
        var current = (string)(await bench.RunAsync("SELECT pg_walfile_name(pg_switch_wal())"))!;
        await push.RunAsync(Path.Combine(bench.Server.DataDirectory, "pg_wal", current), Cancelled);
        await UntilFoldedAsync(bench, 1);
        Assert.Equal([current], (await bench.InventoryAsync()).Segments.Keys.Select(name => name.ToString()));
        Assert.Empty(GapFinder.Find(await bench.InventoryAsync()));
    }

    /// <summary>As the server does: every finished segment of its timeline, and its history, oldest first.</summary>
    private static async Task PushAllAsync(PrivatePostgres server, WalPush push)
    {
        var current = (string)(await WalBench.RunAsync(server, "SELECT pg_walfile_name(pg_switch_wal())"))!;
        foreach (var file in Directory.GetFiles(Path.Combine(server.DataDirectory, "pg_wal"), $"{current[..8]}*").Order(StringComparer.Ordinal))
        {
            if (string.CompareOrdinal(Path.GetFileName(file), current) <= 0)
            {
                await push.RunAsync(file, Cancelled);
            }
        }
    }

    private static async Task<ArchiveState> UntilStateAsync(WalBench bench, Func<ArchiveState, bool> condition)
    {
        for (var tries = 0; ; tries++)
        {
            if ((await bench.InventoryAsync()).State is { } state && condition(state))
            {
                return state;
            }

            Assert.True(tries < 600);
            await Task.Delay(100, Cancelled);
        }
    }

    private static async Task UntilFoldedAsync(WalBench bench, int segments)
    {
        var inventory = await bench.InventoryAsync();
        for (var tries = 0; inventory.Manifests.Sum(manifest => manifest.Content.Segments.Count) < segments || inventory.Pushed.Count > 0; tries++)
        {
            Assert.True(tries < 300, $"{inventory.Manifests.Count} manifests, {inventory.Pushed.Count} pushed");
            await Task.Delay(100, Cancelled);
            inventory = await bench.InventoryAsync();
        }
    }

    [Fact]
    public async Task A_store_that_dies_in_a_push_leaves_nothing_or_all_and_the_next_push_succeeds()
    {
        await using var bench = await WalBench.StartAsync(15);
        await bench.WriteAsync(20);
        var segment = Directory.GetFiles(Path.Combine(bench.Server.DataDirectory, "pg_wal"), "0*").Order(StringComparer.Ordinal).First();
        // First at the segment, then at what is written beside it.
        foreach (var fault in (Fault[])[Fault.Fail, Fault.LoseAnswer, Fault.Fail, Fault.LoseAnswer])
        {
            await Assert.ThrowsAsync<StorageException>(() => new WalPush(new FaultyStore(bench.Location, fault, 1), bench.Encryption).RunAsync(segment, Cancelled));
        }

        Assert.Equal(PushOutcome.AlreadyThere, await new WalPush(bench.Location, bench.Encryption).RunAsync(segment, Cancelled));
        Assert.Single((await bench.InventoryAsync()).Segments);
        Assert.Equal(Path.GetFileName(segment), Assert.Single((await bench.InventoryAsync()).Pushed).Entry.Name);
    }

    [Fact]
    public async Task A_place_that_is_no_location_is_refused_and_stays_as_it_is()
    {
        await using var bench = await WalBench.StartAsync(15);
        await using var elsewhere = new LocalObjectStore(Directory.CreateDirectory(bench["elsewhere"]).FullName);
        await bench.WriteAsync(20);
        var segment = Directory.GetFiles(Path.Combine(bench.Server.DataDirectory, "pg_wal"), "0*").Order(StringComparer.Ordinal).First();
        var refused = await Assert.ThrowsAsync<StorageException>(() => new WalPush(elsewhere, bench.Encryption).RunAsync(segment, Cancelled));
        Assert.Equal(StorageFailure.Unavailable, refused.Failure);
        Assert.Empty(Directory.EnumerateFileSystemEntries(bench["elsewhere"]));
    }

    [Fact]
    public async Task Histories_and_labels_are_archived_and_foreign_names_refused()
    {
        await using var bench = await WalBench.StartAsync(15);
        var directory = Path.Combine(bench.Server.DataDirectory, "pg_wal");
        var push = new WalPush(bench.Location, bench.Encryption);
        var history = Path.Combine(directory, "00000002.history");
        await File.WriteAllTextAsync(history, "1\t0/3000000\tno recovery target specified\n", Cancelled);
        await push.RunAsync(history, Cancelled);
        await push.RunAsync(history, Cancelled);
        await File.WriteAllTextAsync(history, "1\t0/4000000\tno recovery target specified\n", Cancelled);
        Assert.Equal(WalFailure.Conflict, (await Assert.ThrowsAsync<WalException>(() => push.RunAsync(history, Cancelled))).Failure);
        Assert.Equal(new Postgres.Lsn(0x3000000), (await bench.InventoryAsync()).History(2)!.Parent!.At);

        var label = Path.Combine(directory, "000000010000000000000002.00000028.backup");
        await File.WriteAllTextAsync(label, "START WAL LOCATION: 0/2000028\n", Cancelled);
        Assert.Equal(PushOutcome.Stored, await push.RunAsync(label, Cancelled));
        Assert.Equal(PushOutcome.AlreadyThere, await push.RunAsync(label, Cancelled));
        await Assert.ThrowsAsync<WalException>(() => push.RunAsync(Path.Combine(directory, "archive_status"), Cancelled));
        Assert.Empty((await bench.InventoryAsync()).Segments);
    }

    [Fact]
    public async Task What_is_left_of_a_large_segment_is_archived()
    {
        await using var bench = await WalBench.StartAsync(15);
        var left = Path.Combine(bench.Server.DataDirectory, "pg_wal", "000000010000000000000003.partial");
        await using (var file = File.Create(left))
        {
            file.SetLength(128 << 20);
        }

        Assert.Equal(PushOutcome.Stored, await new WalPush(bench.Location, bench.Encryption).RunAsync(left, Cancelled));
    }

    /// <summary>Durations that were measured by it grow when it jumps; timers do not.</summary>
    private sealed class JumpingClock : TimeProvider
    {
        private long _ahead;

        public void Jump(TimeSpan by) => Interlocked.Add(ref _ahead, (long)(by.TotalSeconds * TimestampFrequency));

        public override long GetTimestamp() => base.GetTimestamp() + Interlocked.Read(ref _ahead);
    }
}

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
}

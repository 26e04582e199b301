using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Copying;
using StellaOps.Backup.Repository.Locks;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Copying;

public sealed class CopyTests
{
    [Fact]
    public async Task A_copy_holds_the_same_bytes_under_other_keys_and_names_its_original()
    {
        await using var source = await TestRepositories.InitAsync(new MemoryStore());
        var contents = Enumerable.Range(0, 30).Select(i => TestRepositories.Content(i, i * 977)).ToList();
        var first = await TestRepositories.BackUpAsync(source, contents);
        await using var target = await TestRepositories.InitAsync(new MemoryStore());
        var steps = new List<CopyProgress>();

        var report = await CopyAsync(source, target, new CopyRequest { OnProgress = steps.Add });

        var copied = Assert.Single(report.Copied);
        var copy = await target.LoadSnapshotAsync(copied.Target, Cancellation);
        Assert.Equal((first.Id, first.Id, first.Tree), (copied.Source, copy.Original, copy.Tree));
        Assert.Equal((first.Time, "tests", "stella.point=1"), (copy.Time, copy.Hostname, copy.Tags!.Single()));
        Assert.Equal((report.Blobs, report.Bytes), (steps[^1].Blobs, steps[^1].Bytes));
        Assert.Equal(report.Blobs, (await target.VerifyAsync(new VerifyRequest(), Cancellation)).Blobs);
        Assert.Empty((await target.VerifyAsync(new VerifyRequest(), Cancellation)).Damages);
        foreach (var content in contents)
        {
            using var blob = await target.Blobs.ReadAsync(BlobType.Data, BlobId.Of(content), Cancellation);
            Assert.Equal(content, blob.Memory.ToArray());
        }
    }

    [Fact]
    public async Task A_second_copy_moves_only_what_is_new_and_recognises_what_is_there()
    {
        await using var source = await TestRepositories.InitAsync(new MemoryStore());
        await using var target = await TestRepositories.InitAsync(new MemoryStore());
        var first = await TestRepositories.BackUpAsync(source, [TestRepositories.Content(1, 30_000)]);
        await CopyAsync(source, target);
        var second = await TestRepositories.BackUpAsync(source, [TestRepositories.Content(1, 30_000), TestRepositories.Content(3, 5_000)]);

        var report = await CopyAsync(source, target);
        Assert.Equal((first.Id, second.Id), (Assert.Single(report.Present).Source, Assert.Single(report.Copied).Source));
        Assert.Equal(3, report.Blobs); // The new file, its directory and the root.

        var again = await CopyAsync(source, target);
        Assert.Equal((0, 2, 0L), (again.Copied.Count, again.Present.Count, again.Blobs));
        var back = await CopyAsync(target, source);
        Assert.Equal((0, 2), (back.Copied.Count, back.Present.Count));
    }

    [Fact]
    public async Task Only_the_chosen_snapshots_are_copied_and_a_dry_run_changes_nothing()
    {
        var store = new MemoryStore();
        await using var source = await TestRepositories.InitAsync(new MemoryStore());
        await using var target = await TestRepositories.InitAsync(store);
        var wanted = await TestRepositories.BackUpAsync(source, [TestRepositories.Content(1, 3_000)]);
        await TestRepositories.BackUpAsync(source, [TestRepositories.Content(3, 3_000)]);
        var before = store.Keys.ToList();

        var planned = await CopyAsync(source, target, new CopyRequest { Snapshots = [wanted.Id], DryRun = true });
        Assert.Equal(before, store.Keys);
        var done = await CopyAsync(source, target, new CopyRequest { Snapshots = [wanted.Id] });
        Assert.Equal((3L, 3L, planned.Bytes), (planned.Blobs, done.Blobs, done.Bytes));
        Assert.Equal(wanted.Id, Assert.Single(done.Copied).Source);
        Assert.Single(store.Under("snapshots/"));
        var unknown = await Assert.ThrowsAsync<RepositoryException>(() => CopyAsync(source, target, new CopyRequest { Snapshots = [BlobId.Of([1])] }));
        Assert.Equal(RepositoryFailure.SnapshotNotFound, unknown.Failure);
    }

    [Fact]
    public async Task Compressed_frames_are_kept_as_they_are()
    {
        await using var source = await TestRepositories.InitAsync(new MemoryStore(), TestRepositories.Cheap with { CompressionLevel = 19 });
        await using var target = await TestRepositories.InitAsync(new MemoryStore());
        var text = TestRepositories.Content(2, 40_000);
        await TestRepositories.BackUpAsync(source, [text]);
        await CopyAsync(source, target);
        var (from, to) = (source.Blobs.Find(BlobType.Data, BlobId.Of(text))!.Value, target.Blobs.Find(BlobType.Data, BlobId.Of(text))!.Value);
        Assert.True(from.Compressed);
        Assert.Equal((from.StoredLength, from.PlainLength, from.Compressed), (to.StoredLength, to.PlainLength, to.Compressed));
    }

    [Fact]
    public async Task Damage_in_the_source_never_gets_into_the_target_and_stops_only_what_it_hurts()
    {
        var store = new MemoryStore();
        await using var source = await TestRepositories.InitAsync(store);
        await using var target = await TestRepositories.InitAsync(new MemoryStore());
        var sound = await TestRepositories.BackUpAsync(source, [TestRepositories.Content(1, 20_000)]);
        var hurt = await TestRepositories.BackUpAsync(source, [TestRepositories.Content(1, 20_000), TestRepositories.Content(3, 20_000)]);
        var blob = BlobId.Of(TestRepositories.Content(3, 20_000));
        var pack = source.Blobs.Find(BlobType.Data, blob)!.Value.Pack.ToString();
        store[$"data/{pack[..2]}/{pack}"][100] ^= 1;

        var report = await CopyAsync(source, target);
        Assert.Equal(sound.Id, Assert.Single(report.Copied).Source);
        var failed = Assert.Single(report.Failed);
        Assert.Equal(hurt.Id, failed.Source);
        Assert.Contains(blob.ToString(), failed.Reason, StringComparison.Ordinal);
        Assert.Null(target.Blobs.Find(BlobType.Data, blob));
        Assert.Empty((await target.VerifyAsync(new VerifyRequest(), Cancellation)).Damages);
    }

    [Fact]
    public async Task What_was_forgotten_is_not_copied()
    {
        await using var source = await TestRepositories.InitAsync(new MemoryStore());
        var targetStore = new MemoryStore();
        await using var target = await TestRepositories.InitAsync(targetStore);
        var forgotten = await TestRepositories.BackUpAsync(source, [TestRepositories.Content(1, 300)]);
        var kept = await TestRepositories.BackUpAsync(source, [TestRepositories.Content(3, 300)]);
        await source.Forgotten.ForgetAsync([forgotten.Id], TimeSpan.FromDays(7), Cancellation);
        Assert.Equal(kept.Id, Assert.Single((await CopyAsync(source, target)).Copied).Source);
        Assert.Null(target.Blobs.Find(BlobType.Data, BlobId.Of(TestRepositories.Content(1, 300))));
        Assert.Empty(targetStore.Under("stella/"));
        var asked = await Assert.ThrowsAsync<RepositoryException>(() => CopyAsync(source, target, new CopyRequest { Snapshots = [forgotten.Id] }));
        Assert.Equal(RepositoryFailure.SnapshotNotFound, asked.Failure);
    }

    [Fact]
    public async Task It_gives_way_to_a_prune_on_either_side()
    {
        await using var source = await TestRepositories.InitAsync(new MemoryStore());
        await using var target = await TestRepositories.InitAsync(new MemoryStore());
        foreach (var side in (ResticRepository[])[source, target])
        {
            await using var held = await side.LockAsync(LockKind.Exclusive, Cancellation);
            var refused = await Assert.ThrowsAsync<RepositoryException>(() => CopyAsync(source, target));
            Assert.Equal(RepositoryFailure.Locked, refused.Failure);
        }
    }

    [Fact]
    public async Task Members_of_a_snapshot_that_we_do_not_know_are_kept()
    {
        var store = new MemoryStore();
        await using var source = await TestRepositories.InitAsync(store);
        await using var target = await TestRepositories.InitAsync(new MemoryStore());
        var snapshot = await TestRepositories.BackUpAsync(source, [TestRepositories.Content(1, 300)]);
        var json = $$"""{"time":"2024-05-06T07:08:09.123456789+02:00","parent":"{{snapshot.Id}}","tree":"{{snapshot.Tree}}","paths":["/ä"],"later":[1.50]}""";
        var id = await source.Parts.Files.SaveAsync(Repository.Unpacked.FileKind.Snapshot, System.Text.Encoding.UTF8.GetBytes(json), Cancellation);
        var copied = Assert.Single((await CopyAsync(source, target, new CopyRequest { Snapshots = [id] })).Copied);
        var copy = System.Text.Encoding.UTF8.GetString(await target.Parts.Files.LoadAsync(Repository.Unpacked.FileKind.Snapshot, copied.Target, Cancellation));
        Assert.Equal($$"""{"time":"2024-05-06T07:08:09.123456789+02:00","tree":"{{snapshot.Tree}}","paths":["/ä"],"later":[1.50],"original":"{{id}}"}""", copy);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    internal static Task<CopyReport> CopyAsync(ResticRepository source, ResticRepository target, CopyRequest? request = null) =>
        new RepositoryCopy(source, target).RunAsync(request ?? new CopyRequest(), Cancellation);
}

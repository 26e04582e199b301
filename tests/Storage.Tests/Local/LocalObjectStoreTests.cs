using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Storage.Tests.Local;

public sealed class LocalObjectStoreTests : ObjectStoreContract, IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    protected override IObjectStore CreateStore() => new LocalObjectStore(_directory["not", "there", "yet"]);

    protected override bool GoesOn => true;

    [Fact]
    public async Task What_a_put_may_go_on_with_is_swept_after_a_day()
    {
        await using var store = CreateStore();
        await Assert.ThrowsAnyAsync<IOException>(async () => await store.PutAsync("a/object", new RepeatableContent(Content(3 << 20), breaksAt: 2 << 20), PutMode.Replace, Cancellation));
        var left = Assert.Single(Directory.GetFiles(_directory["not/there/yet/a"]));
        File.SetLastWriteTimeUtc(left, File.GetLastWriteTimeUtc(left).AddHours(-23));
        Assert.Equal(0, await store.SweepAsync("", Cancellation));
        File.SetLastWriteTimeUtc(left, File.GetLastWriteTimeUtc(left).AddHours(-2));
        Assert.Equal(1, await store.SweepAsync("", Cancellation));
        Assert.False(File.Exists(left));
    }

    [Fact]
    public async Task Files_and_directories_are_for_their_owner_only()
    {
        await using var store = CreateStore();
        await store.PutAsync("a/b/object", Content(1), PutMode.Create, Cancellation);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_directory["not/there/yet/a/b/object"]));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_directory["not/there/yet/a"]));
    }

    [Fact]
    public async Task Nothing_is_made_before_the_first_put()
    {
        await using var store = CreateStore();
        Assert.Empty(await KeysAsync(store, ""));
        Assert.False(Directory.Exists(_directory["not"]));
    }

    [Fact]
    public async Task Puts_leave_nothing_but_their_objects()
    {
        await using var store = CreateStore();
        await store.PutAsync("a/object", Content(1), PutMode.Create, Cancellation);
        await Assert.ThrowsAsync<StorageException>(async () => await store.PutAsync("a/object", Content(1), PutMode.Create, Cancellation));
        await store.PutAsync("a/object", Content(2), PutMode.Replace, Cancellation);
        Assert.Equal([_directory["not/there/yet/a/object"]], Directory.GetFiles(_directory.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task What_dead_writers_left_is_not_listed_and_is_swept()
    {
        await using var store = CreateStore();
        await store.PutAsync("a/object", Content(1), PutMode.Create, Cancellation);
        var leftover = _directory["not/there/yet/a/other-tmp-s0123456789abcdef"];
        var restics = _directory["not/there/yet/a/other-tmp-123456"];
        await File.WriteAllTextAsync(leftover, "half", Cancellation);
        await File.WriteAllTextAsync(restics, "half", Cancellation);
        Assert.Equal(["a/object"], await KeysAsync(store, ""));

        Assert.Equal(0, await store.SweepAsync("", Cancellation)); // Too young: its writer may be about to lock it.
        File.SetLastWriteTimeUtc(leftover, File.GetLastWriteTimeUtc(leftover).AddMinutes(-1));
        using (File.Open(leftover, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            Assert.Equal(0, await store.SweepAsync("", Cancellation)); // Its writer lives.
        }

        Assert.Equal(1, await store.SweepAsync("a/", Cancellation));
        Assert.False(File.Exists(leftover));
        Assert.True(File.Exists(restics));
    }

    [Fact]
    public async Task Of_what_dead_writers_left_only_that_of_the_objects_that_are_meant_is_swept()
    {
        await using var store = CreateStore();
        await store.PutAsync("a/object", Content(1), PutMode.Create, Cancellation);
        string[] left = [_directory["not/there/yet/a/other-tmp-s0123456789abcdef"], _directory["not/there/yet/other-tmp-s0123456789abcdef"]];
        foreach (var path in left)
        {
            await File.WriteAllTextAsync(path, "half", Cancellation);
            File.SetLastWriteTimeUtc(path, File.GetLastWriteTimeUtc(path).AddMinutes(-1));
        }

        Assert.Equal(1, await store.SweepAsync("", key => key == "other", Cancellation));
        Assert.Equal([true, false], left.Select(File.Exists));
    }

    [Fact]
    public async Task A_put_into_a_directory_that_was_removed_makes_it_again()
    {
        await using var store = CreateStore();
        await store.PutAsync("a/object", Content(1), PutMode.Create, Cancellation);
        Directory.Delete(_directory["not"], recursive: true);
        await store.PutAsync("a/object", Content(2), PutMode.Create, Cancellation);
        Assert.Equal(Content(2), await store.ReadAllAsync("a/object", 10, Cancellation));
    }

    [Fact]
    public async Task While_the_disk_of_a_location_is_unmounted_nothing_is_put_below_it_and_nothing_is_said_to_be_gone()
    {
        var (root, elsewhere) = (_directory["location"], _directory["elsewhere"]);
        await using var first = new LocalObjectStore(root);
        var location = await LocationFile.EnsureAsync(first, Cancellation);
        await first.PutAsync("a/object", Content(1), PutMode.Create, Cancellation);
        await using var store = new LocalObjectStore(root);
        Assert.Equal(location, await LocationFile.FindAsync(store, Cancellation));

        Directory.Move(root, elsewhere);
        Directory.CreateDirectory(root);
        await AwayAsync(() => store.PutAsync("a/other", Content(1), PutMode.Create, Cancellation));
        await AwayAsync(() => store.PutAsync("a/other", new MemoryStream(Content(1)), PutMode.Replace, Cancellation));
        await AwayAsync(() => store.CopyAsync("a/object", "a/other", Cancellation));
        await AwayAsync(() => store.DeleteAsync("a/object", Cancellation));
        await AwayAsync(async () => await store.FindAsync("a/object", Cancellation));
        await AwayAsync(async () => await store.ReadAsync("a/object", 0, new byte[1], Cancellation));
        await AwayAsync(async () => await KeysAsync(store, ""));
        Assert.Null(await LocationFile.FindAsync(store, Cancellation));
        Assert.Empty(Directory.EnumerateFileSystemEntries(root));

        Directory.Delete(root);
        Directory.Move(elsewhere, root);
        await store.PutAsync("a/other", Content(1), PutMode.Create, Cancellation);
        Assert.Equal(["a/object", "a/other", LocationFile.Key], await KeysAsync(store, ""));

        static async Task AwayAsync(Func<ValueTask> call) =>
            Assert.Equal(StorageFailure.Unavailable, (await Assert.ThrowsAsync<StorageException>(() => call().AsTask())).Failure);
    }

    [Fact]
    public async Task A_full_disk_is_told_apart_and_leaves_nothing()
    {
        await using var small = await SmallFileSystem.MountAsync(_directory["small"], Cancellation);
        await using var store = new LocalObjectStore(_directory["small/store"]);
        await store.PutAsync("fits", Content(1000), PutMode.Create, Cancellation);
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.PutAsync("large", Content(4 << 20), PutMode.Create, Cancellation));
        Assert.Equal(StorageFailure.Full, failure.Failure);
        Assert.Equal([_directory["small/store/fits"]], Directory.GetFiles(_directory["small"], "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_read_only_disk_is_a_missing_permission()
    {
        await using var small = await SmallFileSystem.MountAsync(_directory["small"], Cancellation);
        await using var store = new LocalObjectStore(_directory["small/store"]);
        await store.PutAsync("object", Content(1000), PutMode.Create, Cancellation);
        await small.MakeReadOnlyAsync(Cancellation);
        foreach (var act in (Func<Task>[])[
            () => store.PutAsync("object", Content(1), PutMode.Replace, Cancellation).AsTask(),
            () => store.DeleteAsync("object", Cancellation).AsTask()])
        {
            var failure = await Assert.ThrowsAsync<StorageException>(act);
            Assert.Equal(StorageFailure.PermissionDenied, failure.Failure);
        }
    }

    [Fact]
    public async Task A_file_in_place_of_a_directory_is_invalid()
    {
        await File.WriteAllTextAsync(_directory["file"], "", Cancellation);
        await using var store = new LocalObjectStore(_directory["file"]);
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.PutAsync("object", Content(1), PutMode.Create, Cancellation));
        Assert.Equal(StorageFailure.Invalid, failure.Failure);
        Assert.Contains(_directory["file"], failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_object_that_is_listed_and_cannot_be_looked_at_is_not_said_to_be_gone()
    {
        await using var store = new LocalObjectStore(_directory["location"]);
        await store.PutAsync("a/object", Content(1), PutMode.Create, Cancellation);

        // Its directory may be read and not be gone through: names are there, and nothing is told of them.
        const UnixFileMode Names = UnixFileMode.UserRead | UnixFileMode.OtherRead, Pass = UnixFileMode.UserExecute | UnixFileMode.OtherExecute;
        File.SetUnixFileMode(_directory["location/a"], Names);
        File.SetUnixFileMode(_directory["location"], Names | Pass);
        File.SetUnixFileMode(_directory.Path, Names | Pass | UnixFileMode.UserWrite);
        try
        {
            OtherUser.Run(() =>
            {
                Assert.Equal(StorageFailure.PermissionDenied, Assert.Throws<StorageException>(() => store.FindAsync("a/object", Cancellation).AsTask().GetAwaiter().GetResult()).Failure);
                Assert.Equal(StorageFailure.PermissionDenied, Assert.Throws<StorageException>(() => store.ListAsync("", Cancellation).ToBlockingEnumerable(Cancellation).ToList()).Failure);
            });
        }
        finally
        {
            File.SetUnixFileMode(_directory["location"], Names | Pass | UnixFileMode.UserWrite);
            File.SetUnixFileMode(_directory["location/a"], Names | Pass | UnixFileMode.UserWrite);
        }

        Assert.Equal(1, (await store.FindAsync("a/object", Cancellation))!.Value.Length);
    }

    [Fact]
    public async Task A_name_that_leads_in_a_circle_or_nowhere_is_no_proof_that_there_is_nothing()
    {
        await using var store = new LocalObjectStore(_directory.Path);
        File.CreateSymbolicLink(_directory["object"], _directory["object"]);
        File.CreateSymbolicLink(_directory["elsewhere"], "/not/mounted/object");
        Assert.Equal(StorageFailure.Unavailable, (await Assert.ThrowsAsync<StorageException>(async () => await store.FindAsync("elsewhere", Cancellation))).Failure);
        Assert.Equal(StorageFailure.Unavailable, (await Assert.ThrowsAsync<StorageException>(async () => await store.FindAsync("object", Cancellation))).Failure);
    }

    [Fact]
    public async Task A_directory_that_is_a_link_to_a_disk_that_is_away_is_no_proof_that_its_objects_are_gone()
    {
        await using var store = new LocalObjectStore(_directory.Path);
        File.CreateSymbolicLink(_directory["a"], "/not/mounted");
        await IsAwayAsync(() => store.FindAsync("a/b", Cancellation).AsTask());
        await IsAwayAsync(() => store.FindAsync("a/b/c", Cancellation).AsTask());
        await IsAwayAsync(() => store.ReadAsync("a/b", 0, new byte[1], Cancellation).AsTask());
        await IsAwayAsync(() => store.DeleteAsync("a/b", Cancellation).AsTask());
        await IsAwayAsync(() => store.ListAsync("a/", Cancellation).ToListAsync(Cancellation).AsTask());
        await IsAwayAsync(() => store.ListAsync("a/b/", Cancellation).ToListAsync(Cancellation).AsTask());
        await IsAwayAsync(() => store.ListAsync("", Cancellation).ToListAsync(Cancellation).AsTask());

        // A link that leads somewhere is a directory like any other.
        Directory.CreateDirectory(_directory["disk"]);
        File.CreateSymbolicLink(_directory["there"], _directory["disk"]);
        Assert.Null(await store.FindAsync("there/b", Cancellation));
        Assert.Empty(await store.ListAsync("there/b/", Cancellation).ToListAsync(Cancellation));

        static async Task IsAwayAsync(Func<Task> call) => Assert.Equal(StorageFailure.Unavailable, (await Assert.ThrowsAsync<StorageException>(call)).Failure);
    }

    [Fact]
    public async Task An_object_has_the_length_and_the_time_of_its_file_and_a_directory_is_none()
    {
        await using var store = new LocalObjectStore(_directory.Path);
        await store.PutAsync("a/object", Content(1234), PutMode.Create, Cancellation);
        var time = new DateTime(2001, 2, 3, 4, 5, 6, 789, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(_directory["a/object"], time);
        Assert.Equal(new StoredObject("a/object", 1234, new DateTimeOffset(time)), await store.FindAsync("a/object", Cancellation));
        Assert.Null(await store.FindAsync("a", Cancellation));
        Assert.Null(await store.FindAsync("a/object/below", Cancellation));
        Assert.Null(await store.FindAsync("a/other", Cancellation));
        File.CreateSymbolicLink(_directory["link"], _directory["a/object"]);
        Assert.Equal(1234, (await store.FindAsync("link", Cancellation))!.Value.Length);
    }
}

using CsCheck;

namespace StellaOps.Backup.Storage.Tests;

/// <summary>What every store promises. One subclass for each store.</summary>
public abstract class ObjectStoreContract
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A new store without objects; disposed by the test.</summary>
    protected abstract IObjectStore CreateStore();

    /// <summary>The same, which sends what is longer than a few parts of the returned length in parts, where it knows parts at all.</summary>
    protected virtual (IObjectStore Store, int PartLength) CreateStoreOfParts() => (CreateStore(), 1 << 20);

    /// <summary>What a put that was cut off has stored is not sent again.</summary>
    protected virtual bool GoesOn => false;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100_000)]
    public async Task What_is_put_is_read(int length)
    {
        await using var store = CreateStore();
        var content = Content(length);
        await store.PutAsync("folder/deeper/object", content, PutMode.Create, Cancellation);
        Assert.Equal(content, await store.ReadAllAsync("folder/deeper/object", length, Cancellation));
        var found = await store.FindAsync("folder/deeper/object", Cancellation);
        Assert.Equal(("folder/deeper/object", length), (found?.Key, found?.Length));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3_000_000)]
    public async Task A_stream_is_put_from_where_it_stands_to_its_end(int length)
    {
        await using var store = CreateStore();
        var content = Content(length + 10);
        using var stream = new MemoryStream(content) { Position = 10 };
        await store.PutAsync("folder/object", stream, PutMode.Create, Cancellation);
        Assert.Equal(content[10..], await store.ReadAllAsync("folder/object", length, Cancellation));
        using var again = new MemoryStream(content);
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.PutAsync("folder/object", again, PutMode.Create, Cancellation));
        Assert.Equal(StorageFailure.AlreadyExists, failure.Failure);
        Assert.Equal(["folder/object"], await KeysAsync(store, ""));
    }

    [Fact]
    public async Task A_put_that_was_cut_off_leaves_no_object_and_the_next_of_the_same_content_puts_it_whole()
    {
        var (store, partLength) = CreateStoreOfParts();
        await using var disposed = store;
        var content = Content(8 * partLength + 12_345);
        var broken = new RepeatableContent(content, breaksAt: 7 * partLength + 1000);
        await Assert.ThrowsAnyAsync<IOException>(async () => await store.PutAsync("folder/object", broken, PutMode.Replace, Cancellation));
        Assert.Empty(await KeysAsync(store, ""));

        // Other content of that name has nothing of it.
        byte[] changed = [.. content.Select(value => (byte)~value)];
        var other = new RepeatableContent(changed);
        await store.PutAsync("folder/object", other, PutMode.Replace, Cancellation);
        Assert.Equal(0, other.WentOnAt);
        Assert.Equal(changed, await store.ReadAllAsync("folder/object", content.Length, Cancellation));

        var again = new RepeatableContent(content);
        await store.PutAsync("folder/object", again, PutMode.Replace, Cancellation);
        Assert.Equal(content, await store.ReadAllAsync("folder/object", content.Length, Cancellation));
        Assert.True(again.WentOnAt > 0 || !GoesOn);
        Assert.Equal(["folder/object"], await KeysAsync(store, ""));
    }

    [Fact]
    public async Task A_copy_replaces_what_has_the_name_and_outlives_the_original()
    {
        await using var store = CreateStore();
        await store.PutAsync("folder/original", Content(70_000), PutMode.Create, Cancellation);
        await store.PutAsync("latest", Content(10), PutMode.Create, Cancellation);
        await store.CopyAsync("folder/original", "latest", Cancellation);
        await store.CopyAsync("folder/original", "latest", Cancellation);
        Assert.Equal(["folder/original", "latest"], await KeysAsync(store, ""));
        await store.DeleteAsync("folder/original", Cancellation);
        Assert.Equal(Content(70_000), await store.ReadAllAsync("latest", 70_000, Cancellation));
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.CopyAsync("folder/original", "latest", Cancellation));
        Assert.Equal(StorageFailure.NotFound, failure.Failure);
        Assert.Equal(Content(70_000), await store.ReadAllAsync("latest", 70_000, Cancellation));
    }

    [Fact]
    public async Task A_large_object_is_copied_whole()
    {
        var (store, partLength) = CreateStoreOfParts();
        await using var disposed = store;
        var content = Content(5 * partLength + 12_345);
        await store.PutAsync("original", content, PutMode.Create, Cancellation);
        await store.CopyAsync("original", "copy", Cancellation);
        Assert.Equal(content, await store.ReadAllAsync("copy", content.Length, Cancellation));
    }

    [Fact]
    public async Task Many_are_deleted_at_once_and_those_that_are_gone_do_not_matter()
    {
        await using var store = CreateStore();
        foreach (var key in (string[])["a/1", "a/2", "b/3"])
        {
            await store.PutAsync(key, Content(1), PutMode.Create, Cancellation);
        }

        await store.DeleteManyAsync(["a/1", "a/none", "b/3"], Cancellation);
        await store.DeleteManyAsync([], Cancellation);
        Assert.Equal(["a/2"], await KeysAsync(store, ""));
    }

    [Fact]
    public async Task Any_part_is_read_and_less_only_at_the_end()
    {
        await using var store = CreateStore();
        var content = Content(1000);
        await store.PutAsync("object", content, PutMode.Create, Cancellation);
        await Gen.Select(Gen.Int[0, 1100], Gen.Int[0, 1100]).SampleAsync(async (offset, length) =>
        {
            var buffer = new byte[length];
            var read = await store.ReadAsync("object", offset, buffer, Cancellation);
            Assert.Equal(content.AsSpan(Math.Min(offset, 1000)).Slice(0, Math.Clamp(1000 - offset, 0, length)), buffer.AsSpan(0, read));
        }, iter: 100, threads: 1);
    }

    [Fact]
    public async Task Create_refuses_to_replace()
    {
        await using var store = CreateStore();
        await store.PutAsync("object", Content(10), PutMode.Create, Cancellation);
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.PutAsync("object", Content(20), PutMode.Create, Cancellation));
        Assert.Equal(StorageFailure.AlreadyExists, failure.Failure);
        Assert.Equal(Content(10), await store.ReadAllAsync("object", 100, Cancellation));
        Assert.Equal(["object"], await KeysAsync(store, ""));
    }

    [Fact]
    public async Task Of_many_creators_one_wins()
    {
        await using var store = CreateStore();
        var contents = Enumerable.Range(0, 8).Select(i => Content(1000 + i)).ToList();
        var won = await RaceAsync(contents, content => store.PutAsync("new/object", content, PutMode.Create, Cancellation));
        var stored = await store.ReadAllAsync("new/object", 2000, Cancellation);
        Assert.Equal(stored, Assert.Single(won));
    }

    [Fact]
    public async Task Of_many_creators_in_parts_one_wins_where_the_store_says_so()
    {
        var (store, part) = CreateStoreOfParts();
        await using var disposed = store;
        var features = await store.ProbeAsync(Cancellation);
        var contents = Enumerable.Range(0, 4).Select(i => (byte[])[(byte)i, .. Content((2 * part) + 1000)]).ToList();
        var won = await RaceAsync(contents, content => store.PutAsync("new/large", new MemoryStream(content), PutMode.Create, Cancellation));
        var stored = await store.ReadAllAsync("new/large", 3 * part, Cancellation);

        // Where it does not say so, several may believe it; the object is whole all the same, and of one of these.
        Assert.Contains(won, content => content.AsSpan().SequenceEqual(stored));
        Assert.True(won.Count == 1 || !features.ConditionalCreateInParts, $"{won.Count} creators won");
        var late = await Assert.ThrowsAsync<StorageException>(async () => await store.PutAsync("new/large", new MemoryStream(contents[0]), PutMode.Create, Cancellation));
        Assert.Equal(StorageFailure.AlreadyExists, late.Failure);
    }

    [Fact]
    public async Task What_went_in_parts_is_read_at_all_edges()
    {
        var (store, part) = CreateStoreOfParts();
        await using var disposed = store;
        foreach (var length in (int[])[2 * part, (2 * part) + 12_345])
        {
            var content = Content(length);
            await store.PutAsync($"large/{length}", new MemoryStream(content), PutMode.Create, Cancellation);
            foreach (var offset in ((int[])[0, part, 2 * part, length]).Distinct().SelectMany(edge => (int[])[edge - 1, edge, edge + 1]).Where(offset => offset >= 0))
            {
                foreach (var wanted in (int[])[0, 1, 2, 1000])
                {
                    var buffer = new byte[wanted];
                    var read = await store.ReadAsync($"large/{length}", offset, buffer, Cancellation);
                    Assert.Equal(content.AsSpan(Math.Min(offset, length)).Slice(0, Math.Clamp(length - offset, 0, wanted)), buffer.AsSpan(0, read));
                }
            }

            var whole = new byte[length + 1];
            Assert.Equal(length, await store.ReadAsync($"large/{length}", 0, whole, Cancellation));
            Assert.True(content.AsSpan().SequenceEqual(whole.AsSpan(0, length)));
        }
    }

    [Fact]
    public async Task A_put_that_is_cancelled_leaves_nothing_visible_and_the_key_free()
    {
        var (store, part) = CreateStoreOfParts();
        await using var disposed = store;
        using var before = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        await before.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.PutAsync("object", Content(1000), PutMode.Create, before.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.PutAsync("object", new MemoryStream(Content(1000)), PutMode.Create, before.Token));

        using var amid = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        using var stream = new CancellingStream(Content(3 * part), 2 * part, amid);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.PutAsync("object", stream, PutMode.Create, amid.Token));
        Assert.Null(await store.FindAsync("object", Cancellation));
        Assert.Empty(await KeysAsync(store, ""));
        await store.PutAsync("object", Content(10), PutMode.Create, Cancellation);
        Assert.Equal(Content(10), await store.ReadAllAsync("object", 100, Cancellation));
    }

    [Fact]
    public async Task Replace_replaces_and_readers_see_one_or_the_other()
    {
        await using var store = CreateStore();
        byte[] first = [.. Enumerable.Repeat((byte)1, 200_000)], second = [.. Enumerable.Repeat((byte)2, 200_000)];
        await store.PutAsync("object", first, PutMode.Replace, Cancellation);
        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < 20; i++)
            {
                await store.PutAsync("object", i % 2 == 0 ? second : first, PutMode.Replace, Cancellation);
            }
        }, Cancellation);
        while (!writing.IsCompleted)
        {
            var content = await store.ReadAllAsync("object", 1 << 20, Cancellation);
            Assert.Equal(200_000, content.Length);
            Assert.Single(content.Distinct());
        }

        await writing;
    }

    [Fact]
    public async Task What_is_not_there_is_not_found()
    {
        await using var store = CreateStore();
        Assert.Null(await store.FindAsync("nothing", Cancellation));
        Assert.Null(await store.FindAsync("no/thing", Cancellation));
        var failure = await Assert.ThrowsAsync<StorageException>(async () => await store.ReadAsync("no/thing", 0, new byte[1], Cancellation));
        Assert.Equal(StorageFailure.NotFound, failure.Failure);
        Assert.Empty(await KeysAsync(store, ""));
        Assert.Empty(await KeysAsync(store, "no/"));
    }

    [Fact]
    public async Task Deleting_works_and_may_be_repeated()
    {
        await using var store = CreateStore();
        await store.PutAsync("a/object", Content(10), PutMode.Create, Cancellation);
        await store.DeleteAsync("a/object", Cancellation);
        await store.DeleteAsync("a/object", Cancellation);
        await store.DeleteAsync("b/nothing", Cancellation);
        Assert.Null(await store.FindAsync("a/object", Cancellation));
        await store.PutAsync("a/object", Content(20), PutMode.Create, Cancellation);
        Assert.Equal(Content(20), await store.ReadAllAsync("a/object", 100, Cancellation));
    }

    [Fact]
    public async Task A_listing_has_the_whole_folder_and_nothing_else()
    {
        await using var store = CreateStore();
        string[] keys = ["top", "a/1", "a/2", "a/deep/3", "ab/4", "b/5"];
        foreach (var key in keys)
        {
            await store.PutAsync(key, Content(key.Length), PutMode.Create, Cancellation);
        }

        Assert.Equal(keys.Order(StringComparer.Ordinal), await KeysAsync(store, ""));
        Assert.Equal(["a/1", "a/2", "a/deep/3"], await KeysAsync(store, "a/"));
        Assert.Equal(["a/deep/3"], await KeysAsync(store, "a/deep/"));
        await foreach (var found in store.ListAsync("", Cancellation))
        {
            Assert.Equal(found.Key.Length, found.Length);
        }
    }

    [Fact]
    public async Task A_listing_of_more_than_a_page_is_whole()
    {
        await using var store = CreateStore();
        var keys = Enumerable.Range(0, 1050).Select(i => $"many/{i:d4}").ToList(); // S3 has 1,000 in a page.
        await PutAllAsync(store, [.. keys, "many-not/object"]);
        Assert.Equal(keys, await KeysAsync(store, "many/"));
        await store.DeleteManyAsync(keys, Cancellation);
        Assert.Equal(["many-not/object"], await KeysAsync(store, ""));
    }

    [Fact]
    public async Task Odd_keys_are_keys_like_others()
    {
        await using var store = CreateStore();
        string[] keys =
        [
            " before and after ", "a  b/c d", "100%", "%41", "%2F", "a+b", "a&b=c;d", "what?", "#fragment", "~", "[x]{y}", "*", "\"one\" 'two'", "a:b@c,d", "<a>&lt;",
            ".hidden", "-dash", "$HOME|`^!", "\u00fc", "u\u0308", "\u65e5\u672c/\u043a\u043b\u044e\u0447", "\U0001F600", new string('n', 200), $"{new string('d', 200)}/{new string('e', 200)}/f",
        ];
        await PutAllAsync(store, keys);
        Assert.Equal(keys.Order(StringComparer.Ordinal), await KeysAsync(store, ""));
        foreach (var key in keys)
        {
            Assert.Equal(Content(key.Length), await store.ReadAllAsync(key, 1000, Cancellation));
            Assert.Equal(key, (await store.FindAsync(key, Cancellation))?.Key);
        }

        await store.DeleteManyAsync(keys[1..], Cancellation);
        await store.DeleteAsync(keys[0], Cancellation);
        Assert.Empty(await KeysAsync(store, ""));
    }

    [Fact]
    public async Task A_listing_under_way_bears_puts_and_deletes_and_has_all_that_stays()
    {
        await using var store = CreateStore();
        var stays = Enumerable.Range(0, 50).Select(i => $"folder/{i:d3}-stays").ToList();
        var goes = Enumerable.Range(0, 50).Select(i => $"folder/{i:d3}-goes").ToList();
        await PutAllAsync(store, [.. stays, .. goes]);
        var changing = Task.Run(async () =>
        {
            foreach (var key in goes)
            {
                await store.DeleteAsync(key, Cancellation);
                await store.PutAsync($"{key}-and-comes", Content(key.Length), PutMode.Create, Cancellation);
            }
        }, Cancellation);
        do
        {
            var seen = await store.ListAsync("folder/", Cancellation).ToListAsync(Cancellation);
            Assert.Equal(stays, seen.Select(found => found.Key).Where(key => key.EndsWith("-stays", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
            Assert.All(seen, found => Assert.Equal("folder/000-".Length + (found.Key.EndsWith("-stays", StringComparison.Ordinal) ? 5 : 4), (int)found.Length));
        }
        while (!changing.IsCompleted);

        await changing;
        Assert.Equal(100, (await KeysAsync(store, "")).Count);
    }

    [Theory]
    [InlineData("/absolute")]
    [InlineData("../outside")]
    [InlineData("a/../../outside")]
    [InlineData("a//b")]
    [InlineData("a/")]
    [InlineData(".")]
    [InlineData("")]
    public async Task A_key_never_leaves_the_root(string key)
    {
        await using var store = CreateStore();
        await Assert.ThrowsAsync<ArgumentException>(async () => await store.PutAsync(key, Content(1), PutMode.Create, Cancellation));
        await Assert.ThrowsAsync<ArgumentException>(async () => await store.ReadAsync(key, 0, new byte[1], Cancellation));
        await Assert.ThrowsAsync<ArgumentException>(async () => await store.FindAsync(key, Cancellation));
        await Assert.ThrowsAsync<ArgumentException>(async () => await store.DeleteAsync(key, Cancellation));
    }

    protected static async Task<IReadOnlyList<string>> KeysAsync(IObjectStore store, string prefix) =>
        await store.ListAsync(prefix, Cancellation).Select(found => found.Key).Order(StringComparer.Ordinal).ToListAsync(Cancellation);

    /// <summary>Puts an object of as many bytes as its key has characters under each key.</summary>
    private static Task PutAllAsync(IObjectStore store, IEnumerable<string> keys) => Parallel.ForEachAsync(
        keys,
        new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Cancellation },
        (key, token) => store.PutAsync(key, Content(key.Length), PutMode.Create, token));

    /// <returns>The contents of those who were told that they created the object; the others were told that it exists.</returns>
    private static async Task<IReadOnlyList<byte[]>> RaceAsync(IEnumerable<byte[]> contents, Func<byte[], ValueTask> put)
    {
        var won = await Task.WhenAll(contents.Select(content => Task.Run(async () =>
        {
            try
            {
                await put(content);
                return content;
            }
            catch (StorageException exception) when (exception.Failure == StorageFailure.AlreadyExists)
            {
                return null;
            }
        }, Cancellation)));
        return [.. won.OfType<byte[]>()];
    }

    protected static byte[] Content(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }

    /// <summary>Cancels a source once it was read beyond a position.</summary>
    private sealed class CancellingStream(byte[] content, int position, CancellationTokenSource source) : MemoryStream(content)
    {
        public override int Read(Span<byte> buffer) => Watched(base.Read(buffer));

        public override int Read(byte[] buffer, int offset, int count) => Watched(base.Read(buffer, offset, count));

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return Read(buffer.Span);
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        private int Watched(int read)
        {
            if (Position > position)
            {
                source.Cancel();
            }

            return read;
        }
    }
}

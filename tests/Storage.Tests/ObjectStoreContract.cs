using CsCheck;

namespace StellaOps.Backup.Storage.Tests;

/// <summary>What every store promises. One subclass for each store.</summary>
public abstract class ObjectStoreContract
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A new store without objects; disposed by the test.</summary>
    protected abstract IObjectStore CreateStore();

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
        var won = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
        {
            try
            {
                await store.PutAsync("new/object", Content(1000 + i), PutMode.Create, Cancellation);
                return i;
            }
            catch (StorageException exception) when (exception.Failure == StorageFailure.AlreadyExists)
            {
                return -1;
            }
        }, Cancellation)));
        var winner = Assert.Single(won, i => i >= 0);
        Assert.Equal(Content(1000 + winner), await store.ReadAllAsync("new/object", 2000, Cancellation));
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
    public async Task A_listing_under_way_bears_puts_and_deletes()
    {
        await using var store = CreateStore();
        for (var i = 0; i < 50; i++)
        {
            await store.PutAsync($"folder/{i:d3}", Content(i), PutMode.Create, Cancellation);
        }

        var changing = Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++)
            {
                await store.DeleteAsync($"folder/{i:d3}", Cancellation);
                await store.PutAsync($"folder/new-{i:d3}", Content(1), PutMode.Create, Cancellation);
            }
        }, Cancellation);
        while (!changing.IsCompleted)
        {
            await foreach (var found in store.ListAsync("folder/", Cancellation))
            {
                Assert.Equal(found.Key.Contains("new", StringComparison.Ordinal) ? 1 : int.Parse(found.Key[7..], System.Globalization.CultureInfo.InvariantCulture), found.Length);
            }
        }

        await changing;
        Assert.Equal(50, (await KeysAsync(store, "")).Count);
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

    protected static byte[] Content(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }
}

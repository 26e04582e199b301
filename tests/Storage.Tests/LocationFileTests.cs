using System.Text;
using CsCheck;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Storage.Tests;

public sealed class LocationFileTests
{
    [Fact]
    public async Task The_first_one_creates_it_and_all_others_read_the_same()
    {
        await using var store = new MemoryStore();
        var all = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => LocationFile.EnsureAsync(store, TestContext.Current.CancellationToken))));
        Assert.Single(all.Distinct());
        Assert.Equal(all[0], await LocationFile.FindAsync(store, TestContext.Current.CancellationToken));
        Assert.Equal($"{{\"format\":\"stellaops-backup\",\"version\":1,\"id\":\"{all[0].Id}\"}}", Encoding.UTF8.GetString(store["location.json"]));
    }

    [Fact]
    public async Task An_empty_place_has_none_and_looking_does_not_create_it()
    {
        await using var store = new MemoryStore();
        Assert.Null(await LocationFile.FindAsync(store, TestContext.Current.CancellationToken));
        Assert.Empty(store.Keys);
    }

    [Theory]
    [InlineData("{\"format\":\"stellaops-backup\",\"version\":3,\"id\":\"x\"}", "version 3")]
    [InlineData("{\"format\":\"other\",\"version\":1,\"id\":\"x\"}", "does not describe")]
    [InlineData("{\"format\":\"stellaops-backup\",\"version\":1}", "does not describe")]
    [InlineData("null", "does not describe")]
    [InlineData("", "not readable")]
    public async Task Anything_else_is_refused_and_left_alone(string content, string why)
    {
        await using var store = new MemoryStore();
        store["location.json"] = Encoding.UTF8.GetBytes(content);
        var failure = await Assert.ThrowsAsync<StorageException>(() => LocationFile.EnsureAsync(store, TestContext.Current.CancellationToken));
        Assert.Equal(StorageFailure.Invalid, failure.Failure);
        Assert.Contains(why, failure.Message, StringComparison.Ordinal);
        Assert.Equal(content, Encoding.UTF8.GetString(store["location.json"]));
    }

    [Fact]
    public async Task Random_bytes_are_refused() => await Gen.Byte.Array[0, 100].SampleAsync(async bytes =>
    {
        await using var store = new MemoryStore();
        store["location.json"] = bytes;
        var failure = await Assert.ThrowsAsync<StorageException>(() => LocationFile.FindAsync(store, TestContext.Current.CancellationToken));
        Assert.Equal(StorageFailure.Invalid, failure.Failure);
    });
}

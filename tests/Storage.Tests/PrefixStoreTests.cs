using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Storage.Tests;

public sealed class PrefixStoreTests : ObjectStoreContract
{
    protected override IObjectStore CreateStore() => new PrefixStore(new MemoryStore(), "some/folder");

    [Fact]
    public async Task It_shows_its_folder_and_nothing_else()
    {
        await using var inner = new MemoryStore();
        await using var store = new PrefixStore(inner, "evidence");
        inner["evidence-old/object"] = [1];
        inner["object"] = [1];
        await store.PutAsync("object", Content(5), PutMode.Create, TestContext.Current.CancellationToken);
        Assert.Equal(["object"], await KeysAsync(store, ""));
        Assert.Equal(Content(5), inner["evidence/object"]);
        Assert.Equal("memory:/evidence", store.Description);
    }
}

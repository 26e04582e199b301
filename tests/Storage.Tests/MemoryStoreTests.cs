using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Storage.Tests;

/// <summary>The store that other tests rely on keeps the promises, too.</summary>
public sealed class MemoryStoreTests : ObjectStoreContract
{
    protected override IObjectStore CreateStore() => new MemoryStore();
}

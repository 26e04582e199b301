using StellaOps.Backup.Age;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Storage;
using StellaOps.Backup.Wal.Streaming;
using StellaOps.Backup.Wal.Tests.Bench;

namespace StellaOps.Backup.Wal.Tests.Streaming;

/// <summary>What is said of a store by the writing of <c>state.json</c>: on an idle cluster nothing else is written.</summary>
public sealed class ArchiveStateTests : IDisposable
{
    private const ulong System = 7448844188812345678;
    private const int SegmentSize = 1 << 20;
    private readonly TemporaryDirectory _home = new("stella-state-");
    private readonly ArchiverState _state = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_store_that_failed_for_a_while_works_again_when_the_state_is_stored()
    {
        await using var store = new FaultyStore(
            new MemoryStore(), new FaultRule(Fault.Fail) { Matches = call => call.Kind == StoreCallKind.Put && call.Key.EndsWith("/state.json", StringComparison.Ordinal) });
        await using var archive = await OpenAsync(store);
        var failed = await Assert.ThrowsAsync<StorageException>(() => archive.SaveStateAsync(1, archive.Files.StartOf(8), Cancelled));
        Assert.True(_state.StoreFailed(failed.Message));
        Assert.Equal(failed.Message, _state.Status.Problem);

        await archive.SaveStateAsync(1, archive.Files.StartOf(8), Cancelled);
        Assert.Null(_state.Status.Problem);
    }

    public void Dispose() => _home.Dispose();

    private async Task<ClusterArchive> OpenAsync(IObjectStore store)
    {
        var options = new WalArchiverOptions { Cluster = "main", Slot = WalBench.Slot, SpoolDirectory = _home["spool"] };
        var encryption = new AgeEncryption(X25519Identity.Generate().Recipient);
        return (await ClusterArchive.TryOpenAsync(store, encryption, options, System, SegmentSize, _state, TimeProvider.System, new RecordingJournal(), Cancelled))!;
    }
}

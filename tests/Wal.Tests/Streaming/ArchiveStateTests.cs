using StellaOps.Backup.Age;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Storage;
using StellaOps.Backup.Wal.Archive;
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

    [Fact]
    public async Task What_the_state_says_is_taken_back_only_where_its_objects_were_removed()
    {
        await using var store = new MemoryStore();
        DateTimeOffset? asked = DateTimeOffset.UnixEpoch;
        var (at, part) = await ArchivePartAsync(store, asked);
        Assert.Equal((at, asked), await StateAsync(store));

        // The unfinished segment is received again, from its beginning on.
        Assert.Equal((at, asked), await BeginAnewAsync(store));
        await store.DeleteAsync(part, Cancelled);
        Assert.Equal((new WalFiles(SegmentSize).StartOf(8), (DateTimeOffset?)null), await BeginAnewAsync(store));
    }

    public void Dispose() => _home.Dispose();

    /// <summary>An archive with the beginning of a segment, which is all that the server had.</summary>
    private async Task<(Lsn To, string Part)> ArchivePartAsync(MemoryStore store, DateTimeOffset? asked)
    {
        await using var archive = await OpenAsync(store);
        using var sealer = new WalSealer(new AgeEncryption(X25519Identity.Generate().Recipient));
        _ = WalName.TryParse(archive.Files.Name(1, 8), out var name);
        var part = await archive.Archive.PutTailAsync(name, 0, sealer.Seal(new byte[5000]), 5000, Cancelled);
        var to = new Lsn(archive.Files.StartOf(8).Value + 5000);
        _state.Set(status => status with { Server = to, ServerAt = asked });
        await archive.SaveStateAsync(1, to, Cancelled);
        return (to, part.Key);
    }

    private async Task<(Lsn ArchivedTo, DateTimeOffset? CaughtUpAt)> BeginAnewAsync(MemoryStore store)
    {
        await using var archive = await OpenAsync(store);
        await archive.SaveStateAsync(1, archive.Files.StartOf(8), Cancelled);
        return await StateAsync(store);
    }

    private static async Task<(Lsn ArchivedTo, DateTimeOffset? CaughtUpAt)> StateAsync(MemoryStore store)
    {
        var state = (await WalInventory.ReadStateAsync(store, System, Cancelled))!;
        return (state.ArchivedTo, state.CaughtUpAt);
    }

    private async Task<ClusterArchive> OpenAsync(IObjectStore store)
    {
        var options = new WalArchiverOptions { Cluster = "main", Slot = WalBench.Slot, SpoolDirectory = _home["spool"] };
        var encryption = new AgeEncryption(X25519Identity.Generate().Recipient);
        return (await ClusterArchive.TryOpenAsync(store, encryption, options, System, SegmentSize, _state, TimeProvider.System, new RecordingJournal(), Cancelled))!;
    }
}

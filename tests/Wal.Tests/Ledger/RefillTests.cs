using System.Buffers.Binary;
using StellaOps.Backup.Age;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Storage;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Ledger;
using StellaOps.Backup.Wal.Streaming;
using StellaOps.Backup.Wal.Tests.Bench;

namespace StellaOps.Backup.Wal.Tests.Ledger;

/// <summary>A lost segment is stored anew for other recipients than its manifest was written with, and the process dies then.</summary>
public sealed class RefillTests : IDisposable
{
    private const ulong System = 7448844188812345678;
    private const int SegmentSize = 1 << 20;
    private static readonly WalName Name = new(1, 0, 7);
    private readonly TemporaryDirectory _home = new("stella-refill-");
    private readonly MemoryStore _store = new();
    private readonly X25519Identity _identity = X25519Identity.Generate();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_state_knows_the_new_length_before_the_object_is_there()
    {
        var lost = await PutAsync(new AgeEncryption(_identity.Recipient));
        await using (var archive = await OpenAsync(_store))
        {
            await archive.Book.CloseAsync(TimeSpan.Zero, Cancelled);
            await archive.SaveStateAsync(1, archive.Files.StartOf(8), Cancelled);
        }

        await _store.DeleteAsync(lost.Key, Cancelled);

        await using var dying = new FaultyStore(_store, new FaultRule(Fault.CrashAfter) { Matches = call => call.Kind == StoreCallKind.Put && call.Key == lost.Key });
        await using (var archive = await OpenAsync(dying))
        {
            await Record.ExceptionAsync(() => new ArchiveScrub(archive, ForMore(), [new Source(Plain())], new ArchiverState(), new RecordingJournal()).RunAsync(Cancelled));
        }

        Assert.True(dying.Struck);
        var after = await WalInventory.ReadAsync(_store, System, SegmentSize, Cancelled);
        Assert.NotEqual(lost.Length, after.Segments[Name].Length);
        Assert.Empty(GapFinder.Find(after));
    }

    public void Dispose() => _home.Dispose();

    private AgeEncryption ForMore() => new(_identity.Recipient, X25519Identity.Generate().Recipient);

    private async Task<ClusterArchive> OpenAsync(IObjectStore store)
    {
        var options = new WalArchiverOptions { Cluster = "main", Slot = WalBench.Slot, SpoolDirectory = _home["spool"] };
        return (await ClusterArchive.TryOpenAsync(store, ForMore(), options, System, SegmentSize, new ArchiverState(), TimeProvider.System, new RecordingJournal(), Cancelled))!;
    }

    private async Task<ArchivedSegment> PutAsync(AgeEncryption encryption)
    {
        using var sealer = new WalSealer(encryption);
        return (await new WalArchive(_store, new WalKeys(System)).PutSegmentAsync(Name, sealer.Seal(Plain()), Cancelled)).Segment;
    }

    private static byte[] Plain()
    {
        var bytes = new byte[SegmentSize];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, 0xD110);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2), 2);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), Name.Timeline);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), 7 * SegmentSize);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(24), System);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(32), SegmentSize);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(36), 8192);
        return bytes;
    }

    private sealed class Source(byte[] bytes) : ISegmentSource
    {
        public string Name => "a test";

        public Task<byte[]?> ReadAsync(WalName name, WalFiles files, CancellationToken cancellationToken) => Task.FromResult<byte[]?>(bytes);
    }
}

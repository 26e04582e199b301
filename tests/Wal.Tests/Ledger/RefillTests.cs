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

/// <summary>A lost segment is stored anew: for other recipients than its manifest was written with, and from sources that need not have its bytes.</summary>
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
        var lost = await LoseAsync();
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

    [Fact]
    public async Task A_source_with_other_bytes_than_the_manifest_names_is_passed_over_for_one_that_has_them()
    {
        var lost = await LoseAsync();
        await ScrubAsync(new Source(Other()), new Source(Plain()));
        var after = await WalInventory.ReadAsync(_store, System, SegmentSize, Cancelled);
        Assert.Equal(lost.Digest, after.Segments[Name].Digest);
        Assert.Empty(GapFinder.Find(after));
        Assert.Empty(after.Gaps);
    }

    [Fact]
    public async Task A_gap_stays_open_where_all_that_is_found_are_other_bytes()
    {
        var lost = await LoseAsync();
        await ScrubAsync(new Source(Other()));
        var gap = await WalInventory.ReadAsync(_store, System, SegmentSize, Cancelled);
        Assert.Empty(gap.Segments);
        Assert.Equal((GapState.Open, Name.ToString(), lost.Digest), (Assert.Single(gap.Gaps).State, gap.Gaps[0].FirstSegment, gap.Expected[Name].Digest));

        await ScrubAsync(new Source(Other()), new Source(Plain()));
        var after = await WalInventory.ReadAsync(_store, System, SegmentSize, Cancelled);
        Assert.Equal((GapState.Refilled, lost.Digest), (Assert.Single(after.Gaps).State, after.Segments[Name].Digest));
    }

    [Fact]
    public async Task A_segment_that_was_never_archived_is_refilled_from_the_first_source_that_has_it()
    {
        await LoseAsync();
        var next = new WalName(1, 0, 8);
        var files = new WalFiles(SegmentSize);
        await new GapLedger(_store, new WalKeys(System), TimeProvider.System)
            .OpenAsync(files, new MissingRange(1, files.StartOf(8), files.StartOf(9)), "the slot was lost", Cancelled);
        await ScrubAsync(new Source(Plain()), new Source(Plain(8)));
        var after = await WalInventory.ReadAsync(_store, System, SegmentSize, Cancelled);
        Assert.Equal([Name, next], after.Segments.Keys.OrderBy(name => name.Segment));
        Assert.Equal(GapState.Refilled, Assert.Single(after.Gaps).State);
    }

    public void Dispose() => _home.Dispose();

    /// <summary>Archives the segment, writes the manifest that names it, and loses it.</summary>
    private async Task<ArchivedSegment> LoseAsync()
    {
        var lost = await PutAsync(new AgeEncryption(_identity.Recipient));
        await using (var archive = await OpenAsync(_store))
        {
            await archive.Book.CloseAsync(TimeSpan.Zero, Cancelled);
            await archive.SaveStateAsync(1, archive.Files.StartOf(8), Cancelled);
        }

        await _store.DeleteAsync(lost.Key, Cancelled);
        return lost;
    }

    private async Task ScrubAsync(params Source[] sources)
    {
        await using var archive = await OpenAsync(_store);
        await new ArchiveScrub(archive, ForMore(), sources, new ArchiverState(), new RecordingJournal()).RunAsync(Cancelled);
    }

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

    /// <summary>A segment with the same header, of a server that went another way in it.</summary>
    private static byte[] Other()
    {
        var bytes = Plain();
        bytes[^1] = 1;
        return bytes;
    }

    private static byte[] Plain(uint number = 7)
    {
        var bytes = new byte[SegmentSize];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, 0xD110);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2), 2);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), Name.Timeline);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), (ulong)number * SegmentSize);
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

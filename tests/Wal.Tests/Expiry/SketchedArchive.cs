using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Storage;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Coverage;
using StellaOps.Backup.Wal.Manifests;

namespace StellaOps.Backup.Wal.Tests.Expiry;

/// <summary>An archive with everything that one can have but WAL: timeline 1 has segments 1 to 9, and was left for timeline 2 in the middle of segment 5.</summary>
internal sealed class SketchedArchive
{
    public const ulong System = 7448844188812345678;
    private static readonly WalFiles Files = new(16 << 20);
    private static readonly WalKeys Keys = new(System);

    private SketchedArchive(MemoryStore store) => Store = store;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public MemoryStore Store { get; }

    /// <summary>Segments 5 to <paramref name="second"/> are on timeline 2, which is archived now; then comes a tail.</summary>
    public static async Task<SketchedArchive> MakeAsync(ulong second)
    {
        var archive = new SketchedArchive(new MemoryStore());
        await archive.PutAsync(Keys.History(2), $"1\t{At(5.5)}\tbefore the damage\n");
        for (var number = 1UL; number <= 9; number += 3)
        {
            await archive.AddAsync(1, number, number + 2);
        }

        await archive.AddAsync(2, 5, second);
        await archive.PutAsync(Keys.Tail(Name(1, 10), 0, 4096, Digest), "tail");
        await archive.PutAsync(Keys.Tail(Name(2, second + 1), 0, 4096, Digest), "tail");
        await archive.PutAsync(Keys.State, $$"""
            { "version": 1, "systemIdentifier": {{System}}, "cluster": "main", "segmentSize": 16777216, "timeline": 2, "archivedTo": "{{At(second + 1)}}", "updatedAt": "2026-01-17T10:30:00Z" }
            """);
        return archive;
    }

    /// <summary>A position, in segments.</summary>
    public static Lsn At(double segments) => new((ulong)(segments * (16 << 20)));

    /// <summary>A base backup within one segment.</summary>
    public static BaseCut Base(string name, uint timeline, double start) => new(name, timeline, At(start), At(start + 0.1), DateTimeOffset.UnixEpoch);

    /// <summary>Segments and what was read from pushed ones, and the manifest of them.</summary>
    public async Task AddAsync(uint timeline, ulong first, ulong last)
    {
        for (var number = first; number <= last; number++)
        {
            await PutAsync(Keys.Segment(Name(timeline, number), Digest), "sealed");
        }

        await new ManifestBook(Store, await ReadAsync(), "main", TimeProvider.System).CloseAsync(TimeSpan.Zero, Cancelled);
        await Store.PutAsync(Keys.Pushed(Name(timeline, first)), PushedDocument(timeline, first), PutMode.Replace, Cancelled);
    }

    /// <summary>The same bytes of a segment in an object of another length, as for other recipients; only the state says so.</summary>
    public async Task StoreAnewAsync(uint timeline, ulong number)
    {
        var segment = (await ReadAsync()).Segments[Name(timeline, number)];
        await Store.DeleteAsync(segment.Key, Cancelled);
        await PutAsync(segment.Key, "sealed for more");
        var entry = SegmentEntries.Of(segment with { Length = "sealed for more".Length }, null, WalFacts.None);
        var state = (await ReadAsync()).State!;
        await Store.PutAsync(Keys.State, WalJson.Write(state with { Open = [.. state.Open, entry] }), PutMode.Replace, Cancelled);
    }

    public SketchedArchive Copy() => new(Store.Copy());

    public Task<WalInventory> ReadAsync(IObjectStore? store = null) => WalInventory.ReadAsync(store ?? Store, System, Files.SegmentSize, Cancelled);

    /// <summary>Numbers of the whole segments of a timeline.</summary>
    public async Task<IReadOnlyList<ulong>> SegmentsAsync(uint timeline) =>
        [.. (await ReadAsync()).Segments.Keys.Where(name => name.Timeline == timeline).Select(name => Files.NumberOf(name)!.Value).Order()];

    private static string Digest => new('d', 64);

    private static WalName Name(uint timeline, ulong number)
    {
        _ = WalName.TryParse(Files.Name(timeline, number), out var name);
        return name;
    }

    private static byte[] PushedDocument(uint timeline, ulong number) => WalJson.Write(new PushedSegment
    {
        SegmentSize = Files.SegmentSize, Entry = new SegmentEntry { Name = Files.Name(timeline, number), Digest = Digest, Length = "sealed".Length },
    });

    private Task PutAsync(string key, string content) => Store.PutAsync(key, global::System.Text.Encoding.UTF8.GetBytes(content), PutMode.Create, Cancelled).AsTask();
}

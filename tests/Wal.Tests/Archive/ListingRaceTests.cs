using StellaOps.Backup.Age;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Storage;
using StellaOps.Backup.Wal.Archive;

namespace StellaOps.Backup.Wal.Tests.Archive;

/// <summary>An archive is read while it is written: no moment may look as if durable WAL were not there.</summary>
public sealed class ListingRaceTests : IAsyncDisposable
{
    private const ulong System = 7448844188812345678;
    private static readonly WalFiles Files = new(1 << 20);
    private static readonly WalName Name = NameOf(7);
    private readonly MemoryStore _store = new();
    private readonly X25519Identity _identity = X25519Identity.Generate();
    private readonly byte[] _plain = new byte[1 << 20];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private WalArchive Archive => new(_store, new WalKeys(System));

    [Fact]
    public async Task A_segment_that_is_finished_while_the_archive_is_listed_is_in_the_picture()
    {
        await PutSegmentAsync(NameOf(6));
        var tail = await PutTailAsync(4096);
        var store = new ChangedMeanwhile(_store, () => FinishAsync(tail));

        var inventory = await WalInventory.ReadAsync(store, System, Files.SegmentSize, Cancelled);

        Assert.Equal(Files.SegmentSize, inventory.Available(Name));
        Assert.Empty(inventory.Conflicts);
    }

    [Fact]
    public async Task A_segment_that_is_stored_anew_while_the_archive_is_listed_is_one_segment_of_its_new_length()
    {
        var before = await PutSegmentAsync(Name);
        ArchivedSegment after = null!;
        var store = new ChangedMeanwhile(_store, async () =>
        {
            await _store.DeleteAsync(before.Key, Cancelled);
            after = await PutSegmentAsync(Name, X25519Identity.Generate());
        });

        var inventory = await WalInventory.ReadAsync(store, System, Files.SegmentSize, Cancelled);

        Assert.Equal(before.Key, after.Key);
        Assert.NotEqual(before.Length, after.Length);
        Assert.Empty(inventory.Conflicts);
        Assert.Equal(after, inventory.Segments[Name]);
    }

    [Fact]
    public async Task Parts_that_are_folded_while_the_archive_is_listed_are_in_the_picture()
    {
        await PutSegmentAsync(NameOf(6));
        var tail = await PutTailAsync(4096);
        var store = new ChangedMeanwhile(_store, async () =>
        {
            await PutTailAsync(8192);
            await Archive.RemoveAsync([tail], Cancelled);
        });

        var inventory = await WalInventory.ReadAsync(store, System, Files.SegmentSize, Cancelled);

        Assert.Equal(8192, inventory.Available(Name));
        Assert.Single(inventory.Tails(Name));
    }

    [Fact]
    public async Task The_first_segment_behind_a_boundary_of_folders_is_in_the_picture_too()
    {
        var last = NameOf(4095);
        Assert.NotEqual(new WalKeys(System).Neighbours(last), new WalKeys(System).Neighbours(NameOf(4096)));
        await PutSegmentAsync(last);
        var tail = await PutTailAsync(4096, NameOf(4096));
        var store = new ChangedMeanwhile(_store, () => FinishAsync(tail));

        var inventory = await WalInventory.ReadAsync(store, System, Files.SegmentSize, Cancelled);

        Assert.Equal(Files.SegmentSize, inventory.Available(NameOf(4096)));
    }

    [Fact]
    public async Task Replay_gets_a_segment_that_is_finished_while_its_folder_is_listed()
    {
        var tail = await PutTailAsync(4096);
        var store = new ChangedMeanwhile(_store, () => FinishAsync(tail));

        Assert.Equal(_plain, await ReaderOf(store).ReadAsync($"{Name}", Cancelled));
    }

    [Fact]
    public async Task Replay_gets_a_segment_whose_parts_go_after_they_were_listed()
    {
        var tail = await PutTailAsync(4096);
        var store = new ChangedMeanwhile(_store, () => FinishAsync(tail), hides: false);

        Assert.Equal(_plain, await ReaderOf(store).ReadAsync($"{Name}", Cancelled));
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    private WalReader ReaderOf(IObjectStore store) => new(store, System, new AgeDecryption(_identity));

    private async Task<ArchivedTail> PutTailAsync(int length, WalName? name = null)
    {
        using var sealer = new WalSealer(new AgeEncryption(_identity.Recipient));
        return await Archive.PutTailAsync(name ?? Name, 0, sealer.Seal(_plain.AsSpan(0, length)), length, Cancelled);
    }

    private async Task<ArchivedSegment> PutSegmentAsync(WalName name, params IReadOnlyList<X25519Identity> others)
    {
        using var sealer = new WalSealer(new AgeEncryption([_identity.Recipient, .. others.Select(other => other.Recipient)]));
        return (await Archive.PutSegmentAsync(name, sealer.Seal(_plain), Cancelled)).Segment;
    }

    private async Task FinishAsync(ArchivedTail tail)
    {
        await PutSegmentAsync(tail.Name);
        await Archive.RemoveAsync([tail], Cancelled);
    }

    private static WalName NameOf(ulong number)
    {
        _ = WalName.TryParse(Files.Name(1, number), out var name);
        return name;
    }

    /// <summary>
    /// The first listing is of the moment before a change that happens while it is read. A directory does not show what came behind the reader, and what is
    /// gone before the reader asks for its length (<paramref name="hides"/>).
    /// </summary>
    private sealed class ChangedMeanwhile(MemoryStore inner, Func<Task> change, bool hides = true) : IObjectStore
    {
        private bool _changed;

        public string Description => inner.Description;

        public ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken = default) =>
            inner.PutAsync(key, content, mode, cancellationToken);

        public ValueTask<int> ReadAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken = default) =>
            inner.ReadAsync(key, offset, destination, cancellationToken);

        public ValueTask<StoredObject?> FindAsync(string key, CancellationToken cancellationToken = default) => inner.FindAsync(key, cancellationToken);

        public async IAsyncEnumerable<StoredObject> ListAsync(
            string prefix, [global::System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            var before = await inner.ListAsync(prefix, cancellationToken).ToListAsync(cancellationToken);
            if (!_changed)
            {
                _changed = true;
                await change();
            }

            foreach (var found in before)
            {
                if (!hides || await inner.FindAsync(found.Key, cancellationToken) is not null)
                {
                    yield return found;
                }
            }
        }

        public ValueTask DeleteAsync(string key, CancellationToken cancellationToken = default) => inner.DeleteAsync(key, cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

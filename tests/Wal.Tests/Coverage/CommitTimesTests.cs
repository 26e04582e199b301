using System.Text;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Recovery;
using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Storage;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Coverage;
using StellaOps.Backup.Wal.Manifests;

namespace StellaOps.Backup.Wal.Tests.Coverage;

/// <summary>What an archive's documents say of its commits: timeline 1 was left for timeline 2 in the middle of segment 5, after the commit of minute 5.</summary>
public sealed class CommitTimesTests
{
    private const ulong System = 7448844188812345678;
    private static readonly WalFiles Files = new(16 << 20);
    private static readonly Lsn Left = At(5.5);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_latest_commit_of_a_path_is_none_that_a_timeline_had_behind_the_place_where_it_was_left()
    {
        var inventory = await ArchiveAsync();
        var times = new CommitTimes(inventory);
        var (first, second) = (TimelineHistory.First.Path(), inventory.History(2)!.Path());
        Assert.Equal(Minute(8), times.LastBefore(first, At(7)));
        Assert.Equal(Minute(6), times.LastBefore(first, At(6)));
        Assert.Equal(Minute(31), times.LastBefore(second, At(7)));
        Assert.Equal(Minute(5), times.LastBefore(second, At(6)));
        Assert.Equal(Minute(4), times.LastBefore(second, At(5)));
        Assert.Null(times.LastBefore(second, At(4)));
    }

    [Fact]
    public async Task A_commit_that_may_be_behind_a_position_is_not_said_to_be_before_it()
    {
        var store = new MemoryStore();
        var state = new ArchiveState
        {
            SystemIdentifier = System, Cluster = "main", SegmentSize = Files.SegmentSize, Timeline = 1, ArchivedTo = At(5.75), UpdatedAt = Minute(60),
            Open = [Entry(1, 4, 3, 4)], Tail = new TailEntry { Name = Files.Name(1, 5), StopLsn = At(5.75), FirstCommitAt = Minute(5), LastCommitAt = Minute(9) },
        };
        await store.PutAsync(new WalKeys(System).State, WalJson.Write(state), PutMode.Create, Cancelled);
        var times = new CommitTimes(await WalInventory.ReadAsync(store, System, null, Cancelled));
        var path = TimelineHistory.First.Path();
        Assert.Equal(Minute(9), times.LastBefore(path, At(5.75)));
        Assert.Equal(Minute(4), times.LastBefore(path, At(5.5)));
        Assert.Null(times.LastBefore(path, At(4.5)));
    }

    [Fact]
    public async Task Whether_a_timeline_had_commits_of_its_own_is_said_only_where_it_is_known()
    {
        var times = new CommitTimes(await ArchiveAsync());
        Assert.True(times.HasCommit(2, Left, at => at <= Minute(30)));
        Assert.False(times.HasCommit(2, Left, at => at < Minute(5)));
        Assert.Null(times.HasCommit(2, Left, at => at <= Minute(5)));
        Assert.Null(times.HasCommit(2, Left, at => at <= Minute(29)));
        Assert.True(times.HasCommit(1, Left, at => at <= Minute(7)));
        Assert.Null(times.HasCommit(3, Left, at => at <= Minute(7)));
    }

    [Fact]
    public async Task The_nearest_commit_before_a_position_is_not_that_of_a_clock_which_was_wrong_long_ago()
    {
        var (store, keys) = (new MemoryStore(), new WalKeys(System));
        var state = new ArchiveState
        {
            SystemIdentifier = System, Cluster = "main", SegmentSize = Files.SegmentSize, Timeline = 1, ArchivedTo = At(8), UpdatedAt = Minute(60),
            Open = [Entry(1, 4, 3, 50), Entry(1, 5, 5, 6), Entry(1, 6, null, null), Entry(1, 7, 8, 9)],
        };
        await store.PutAsync(keys.State, WalJson.Write(state), PutMode.Create, Cancelled);
        var times = new CommitTimes(await WalInventory.ReadAsync(store, System, null, Cancelled));
        var path = TimelineHistory.First.Path();
        Assert.Null(times.NearestBefore(path, At(4)));
        Assert.Equal(Minute(50), times.NearestBefore(path, At(5)));
        Assert.Equal(Minute(6), times.NearestBefore(path, At(6)));
        Assert.Equal(Minute(6), times.NearestBefore(path, At(7)));
        Assert.Equal(Minute(9), times.NearestBefore(path, At(8)));
        Assert.Equal(Minute(50), times.LastBefore(path, At(8)));
    }

    [Fact]
    public async Task The_nearest_commit_of_a_path_is_none_that_a_timeline_had_behind_the_place_where_it_was_left()
    {
        var inventory = await ArchiveAsync();
        var times = new CommitTimes(inventory);
        Assert.Equal(Minute(8), times.NearestBefore(TimelineHistory.First.Path(), At(7)));
        Assert.Equal(Minute(5), times.NearestBefore(inventory.History(2)!.Path(), At(6)));
        Assert.Equal(Minute(4), times.NearestBefore(inventory.History(2)!.Path(), At(5)));
    }

    [Fact]
    public async Task A_base_backup_had_not_ended_at_a_time_before_a_commit_that_is_in_it()
    {
        var inventory = await ArchiveAsync();
        var times = new CommitTimes(inventory);
        var path = inventory.History(2)!.Path();

        // By the clock of a worker that is behind; the segment before that of its start has the commit of minute 5.
        var cut = new BaseCut("base", 2, At(6.1), At(6.2), Minute(3));
        Assert.False(times.HadEnded(cut, path, Target(Minute(2))));
        Assert.False(times.HadEnded(cut, path, Target(Minute(4))));
        Assert.True(times.HadEnded(cut, path, Target(Minute(5))));
        Assert.False(times.HadEnded(cut, path, Target(Minute(5)) with { Exclusive = true }));
        Assert.True(times.HadEnded(cut, path, Target(Minute(6)) with { Exclusive = true }));
        Assert.Equal(Minute(5), Assert.Single(ReachableWindows.Of(inventory, [cut])).FromTime);

        // Where no commit is known before it, its end is all that counts.
        Assert.True(times.HadEnded(cut with { Start = At(4.1), Stop = At(4.2) }, path, Target(Minute(3))));
    }

    [Fact]
    public async Task A_window_begins_at_a_time_that_is_not_before_the_end_of_its_base_backup()
    {
        var ended = Minute(6).AddTicks(1);
        var window = Assert.Single(ReachableWindows.Of(await ArchiveAsync(), [new BaseCut("base", 2, At(6.1), At(6.2), ended)]));
        Assert.Equal(Minute(6).AddMicroseconds(1), window.FromTime);
    }

    private static async Task<WalInventory> ArchiveAsync()
    {
        var (store, keys) = (new MemoryStore(), new WalKeys(System));
        await store.PutAsync(keys.History(2), Encoding.UTF8.GetBytes($"1\t{Left}\tbefore the damage\n"), PutMode.Create, Cancelled);
        var state = new ArchiveState
        {
            SystemIdentifier = System, Cluster = "main", SegmentSize = Files.SegmentSize, Timeline = 2, ArchivedTo = At(7), UpdatedAt = Minute(60), LastCommitAt = Minute(50),
            Open = [Entry(1, 4, 3, 4), Entry(1, 5, 5, 6), Entry(1, 6, 7, 8), Entry(2, 5, 5, 5), Entry(2, 6, 30, 31)],
        };
        await store.PutAsync(keys.State, WalJson.Write(state), PutMode.Create, Cancelled);
        return await WalInventory.ReadAsync(store, System, null, Cancelled);
    }

    private static RecoveryTarget Target(DateTimeOffset time) => new() { Kind = RecoveryTargetKind.Time, Time = time };

    private static SegmentEntry Entry(uint timeline, ulong number, int? first, int? last) => new()
    {
        Name = Files.Name(timeline, number), Digest = new string('d', 64), Length = 1,
        FirstCommitAt = first is { } earliest ? Minute(earliest) : null, LastCommitAt = last is { } latest ? Minute(latest) : null,
    };

    private static Lsn At(double segments) => new((ulong)(segments * (16 << 20)));

    private static DateTimeOffset Minute(int minute) => new DateTimeOffset(2026, 1, 17, 10, 0, 0, TimeSpan.Zero).AddMinutes(minute);
}

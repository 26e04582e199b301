using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Wal.Spool;

namespace StellaOps.Backup.Wal.Tests.Spool;

/// <summary>What a process leaves in the spool, and what the next one finds.</summary>
public sealed class WalSpoolTests : IDisposable
{
    private const int Segment = 1 << 20, Count = 40;
    private static readonly WalFiles Files = new(Segment);
    private readonly TemporaryDirectory _directory = new("stella-spool-");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Everything_that_was_synced_is_taken_up_whether_or_not_anybody_had_begun_to_archive_it()
    {
        using (var spool = Open())
        {
            await ReceiveAsync(spool, 1, Count);
            Assert.True(spool.Whole.TryRead(out var first));
            spool.Seal(first);
            Assert.Equal(Files.StartOf(1 + Count), spool.Sync());
        }

        using var next = Open();
        Assert.Equal(Count, next.Waiting);
        Assert.Equal(Files.StartOf(1), next.ArchivedTo);
    }

    [Fact]
    public async Task A_segment_that_was_synced_is_sealed_once_and_removed_when_it_is_archived()
    {
        using var spool = Open();
        await ReceiveAsync(spool, 1, 2);
        spool.Sync();
        while (spool.Whole.TryRead(out var segment))
        {
            var whole = spool.Seal(segment);
            Assert.True(File.Exists(whole.Path));
            spool.Remove(whole);
            spool.Sync();
        }

        Assert.Equal((0, Files.StartOf(3)), (spool.Waiting, spool.ArchivedTo));
        Assert.Equal(["lock"], Directory.GetFiles(_directory.Path).Select(Path.GetFileName));
    }

    [Fact]
    public async Task What_is_received_once_more_while_it_waits_is_archived_once()
    {
        using var spool = Open();
        await ReceiveAsync(spool, 1, 3);
        await ReceiveAsync(spool, 2, 3);
        Assert.Equal(4, spool.Waiting);
        var waiting = 0;
        while (spool.Whole.TryRead(out var segment))
        {
            Assert.Equal(Segment, new FileInfo(spool.Seal(segment).Path).Length);
            waiting++;
        }

        Assert.Equal(4, waiting);
        Assert.Empty(Directory.GetFiles(_directory.Path, "*.receiving"));
    }

    [Fact]
    public async Task What_an_earlier_process_had_received_of_a_segment_stays_until_the_archive_has_as_much_or_it_is_received_again()
    {
        using (var spool = Open())
        {
            spool.Begin(1, Files.StartOf(1));
            Assert.True(await spool.WriteAsync(new byte[Segment + 8192], TimeSpan.Zero, TestContext.Current.CancellationToken));
        }

        Assert.Equal(2, Directory.GetFiles(_directory.Path, "*.receiving").Length);
        using var next = Open();
        Assert.Equal(0, next.Waiting);
        EarlierSpool.RemoveArchived(_directory.Path, _ => 8191);
        Assert.Equal(2, Directory.GetFiles(_directory.Path, "*.receiving").Length);
        EarlierSpool.RemoveArchived(_directory.Path, _ => 8192);
        Assert.Single(Directory.GetFiles(_directory.Path, "*.receiving"));
        await ReceiveAsync(next, 1, 1);
        next.Sync();
        Assert.Equal(1, next.Waiting);
        Assert.Empty(Directory.GetFiles(_directory.Path, "*.receiving"));
    }

    [Fact]
    public async Task What_came_after_a_segment_that_the_archive_refused_is_set_aside_with_it_and_none_of_it_is_let_go()
    {
        using (var spool = Open())
        {
            await ReceiveAsync(spool, 1, 4);
            Assert.True(spool.Whole.TryRead(out var archived));
            spool.Remove(spool.Seal(archived));
            Assert.True(spool.Whole.TryRead(out var refused));
            Assert.EndsWith(".refused", spool.SetAside(spool.Seal(refused)), StringComparison.Ordinal);
            Assert.Equal((3, Files.StartOf(2), Files.StartOf(2)), (spool.Waiting, spool.ArchivedTo, spool.Sync()));
        }

        using var next = Open();
        Assert.Equal((0, 3), (next.Waiting, Directory.GetFiles(_directory.Path, "*.refused").Length));
    }

    [Fact]
    public void Only_a_lock_that_another_one_holds_says_that_the_spool_is_in_use()
    {
        using (Open())
        {
            Assert.Null(Open());
        }

        var path = _directory["lock"];
        File.Delete(path);
        File.CreateSymbolicLink(path, path);
        Assert.ThrowsAny<IOException>(() => Open());
        File.Delete(path);
    }

    private WalSpool Open() => WalSpool.TryOpen(_directory.Path, Files, 100 << 20)!;

    private static async Task ReceiveAsync(WalSpool spool, ulong first, int count)
    {
        spool.Begin(1, Files.StartOf(first));
        Assert.True(await spool.WriteAsync(new byte[count * Segment], TimeSpan.Zero, TestContext.Current.CancellationToken));
    }
}

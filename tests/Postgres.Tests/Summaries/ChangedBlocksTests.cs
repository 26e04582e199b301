using StellaOps.Backup.Postgres.Pages;
using StellaOps.Backup.Postgres.Summaries;
using StellaOps.Backup.Postgres.Tests.Clusters;

namespace StellaOps.Backup.Postgres.Tests.Summaries;

public sealed class ChangedBlocksTests(SampleCluster18 cluster)
{
    private const uint Default = 1663;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Blocks_count_in_groups_and_over_all_segments_of_a_relation()
    {
        var changed = new ChangedBlocks(groupBlocks: 4);
        changed.Add((Default, 5, 100), isLimit: false, (PageChecksums.PagesPerSegment + 9) / 4);
        Assert.False(changed.MayDiffer(File("base/5/100"), 0, PageChecksums.PagesPerSegment));
        Assert.False(changed.MayDiffer(File("base/5/100.1"), 4, 4));
        Assert.True(changed.MayDiffer(File("base/5/100.1"), 8, 4));
        Assert.True(changed.MayDiffer(File("base/5/100.1"), 0, PageChecksums.PagesPerSegment));
        Assert.False(changed.MayDiffer(File("base/5/100.2"), 0, 100));
        Assert.False(changed.MayDiffer(File("base/6/100.1"), 8, 4));
        Assert.False(changed.MayDiffer(File("global/100.1"), 8, 4));
    }

    [Fact]
    public void Behind_a_truncation_nothing_is_known()
    {
        var changed = new ChangedBlocks(groupBlocks: 4);
        changed.Add((Default, 5, 100), isLimit: true, 6);
        changed.Add((Default, 5, 100), isLimit: true, 40);
        Assert.False(changed.MayDiffer(File("base/5/100"), 0, 4));
        Assert.False(changed.MayDiffer(File("base/5/100"), 4, 2));
        Assert.True(changed.MayDiffer(File("base/5/100"), 4, 4));
        Assert.True(changed.MayDiffer(File("base/5/100.1"), 0, 4));
    }

    [Fact]
    public void Of_a_database_that_was_copied_as_files_nothing_is_known()
    {
        var changed = new ChangedBlocks(groupBlocks: 4);
        changed.Add((Default, 5, 0), isLimit: true, 0);
        Assert.True(changed.MayDiffer(File("base/5/100"), 0, 4));
        Assert.False(changed.MayDiffer(File("base/6/100"), 0, 4));
        Assert.False(changed.MayDiffer(File("pg_tblspc/9/PG_18_1/5/100"), 0, 4));
    }

    [Theory]
    [InlineData("base/5/100_fsm")]
    [InlineData("base/5/100_vm")]
    [InlineData("base/5/100_init")]
    public void Other_forks_count_as_changed(string path) => Assert.True(new ChangedBlocks(groupBlocks: 4).MayDiffer(File(path), 0, 1));

    [Fact]
    public void Summaries_reach_as_far_as_they_follow_one_another()
    {
        Assert.Equal(new Lsn(10), WalSummaries.Reach([], new Lsn(10)));
        Assert.Equal(new Lsn(30), WalSummaries.Reach([Summary(5, 20), Summary(20, 30)], new Lsn(10)));
        Assert.Equal(new Lsn(20), WalSummaries.Reach([Summary(5, 20), Summary(21, 30)], new Lsn(10)));
        Assert.Equal(new Lsn(10), WalSummaries.Reach([Summary(11, 20)], new Lsn(10)));
        Assert.Equal(new Lsn(40), WalSummaries.Reach([Summary(5, 40), Summary(20, 30)], new Lsn(10)));
    }

    [Fact]
    public async Task The_server_tells_which_blocks_it_changed()
    {
        await cluster.Server.ExecuteAsync("ALTER SYSTEM SET summarize_wal = on", cancellationToken: Cancellation);
        await cluster.Server.ExecuteAsync("SELECT pg_reload_conf()", cancellationToken: Cancellation);
        await cluster.Server.ExecuteAsync("CREATE TABLE summed AS SELECT i, md5(i::text) FROM generate_series(1, 20000) i", cancellationToken: Cancellation);

        // The first look at the rows sets hint bits on every page.
        await cluster.Server.ExecuteAsync("SELECT count(*) FROM summed", cancellationToken: Cancellation);
        await cluster.Server.ExecuteAsync("CHECKPOINT", cancellationToken: Cancellation);
        var from = await RedoAsync();
        await cluster.Server.ExecuteAsync("UPDATE summed SET i = -i WHERE i = 1", cancellationToken: Cancellation);
        await cluster.Server.ExecuteAsync("CHECKPOINT", cancellationToken: Cancellation);
        var to = await RedoAsync();

        var (summaries, whyNot) = await new WalSummaries(cluster.Connection).FindAsync(1, from, to, TimeSpan.FromSeconds(60), Cancellation);
        Assert.Null(whyNot);
        var changed = await ChangedBlocks.ReadAsync(cluster.Connection, summaries, 1, Cancellation);
        var file = File((string)(await cluster.Server.ExecuteAsync("SELECT pg_relation_filepath('summed')", cancellationToken: Cancellation))!);
        Assert.True(changed.MayDiffer(file, 0, 1));
        Assert.False(changed.MayDiffer(file, 1, 100));

        // From before the first summary there is no way.
        (summaries, whyNot) = await new WalSummaries(cluster.Connection).FindAsync(1, new Lsn(1), to, TimeSpan.FromSeconds(60), Cancellation);
        Assert.Empty(summaries);
        Assert.Contains("no summary of the WAL at 0/1", whyNot, StringComparison.Ordinal);
    }

    private async Task<Lsn> RedoAsync() =>
        Lsn.Parse((string)(await cluster.Server.ExecuteAsync("SELECT redo_lsn::text FROM pg_control_checkpoint()", cancellationToken: Cancellation))!);

    private static RelationFile File(string path) => RelationFile.TryParse(path)!.Value;

    private static WalSummary Summary(ulong start, ulong end) => new(1, new Lsn(start), new Lsn(end));
}

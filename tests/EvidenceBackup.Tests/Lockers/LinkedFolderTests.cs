using StellaOps.Backup.Contracts;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.EvidenceBackup.Tests.Lockers;

/// <summary>A folder that was moved to a larger disk, and a link left in its place: a backup has the link, and not what lies behind it.</summary>
public sealed class LinkedFolderTests : IAsyncDisposable
{
    private readonly SealedLocker _locker = SealedLocker.Filled();
    private readonly TemporaryDirectory _disk = new();

    private string Source => _locker.Bench.Source;

    public async ValueTask DisposeAsync()
    {
        await _locker.DisposeAsync();
        _disk.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_lies_behind_a_link_is_missing_from_locker_and_backup(bool savedBefore)
    {
        if (savedBefore)
        {
            Assert.Equal(Outcome.Complete, (await _locker.Bench.BackupAsync()).Outcome);
        }

        MoveAway("sboms");
        var check = await _locker.CheckAsync();
        Assert.Contains("index: sboms/b.json: missing", SealedLocker.Problems(check));
        Assert.Contains("anchored: sboms/c.json: missing, and anchors/000002.json records it", SealedLocker.Problems(check));
        Assert.Contains("sboms: no regular file, and so no artifact", check.Evidence!.Checks.Single(one => one.Check == "unindexed").Remarks);
        Assert.Equal(["sboms/b.json", "sboms/c.json"], (await _locker.RebuildAsync()).Dropped);

        await LacksAsync("sboms");
    }

    [Theory]
    [InlineData("anchors")]
    [InlineData("vex/2026/01")]
    public async Task A_link_that_leads_out_is_found_wherever_it_is(string folder)
    {
        _locker.Add("vex/2026/01/d.json", "d");
        MoveAway(folder);
        await LacksAsync(folder);
    }

    [Fact]
    public async Task A_link_within_the_locker_hides_nothing()
    {
        Directory.CreateSymbolicLink(Path.Combine(Source, "latest"), "sboms");
        Directory.CreateSymbolicLink(Path.Combine(Source, ".making"), _disk.Path);
        Assert.Equal(Outcome.Complete, (await _locker.Bench.BackupAsync()).Outcome);
        Assert.Equal(Outcome.Complete, (await _locker.CheckAsync()).Outcome);
    }

    private void MoveAway(string folder)
    {
        Directory.Move(Path.Combine(Source, folder), _disk["moved"]);
        Directory.CreateSymbolicLink(Path.Combine(Source, folder), _disk["moved"]);
    }

    private async Task LacksAsync(string folder)
    {
        var backup = await _locker.Bench.BackupAsync();
        Assert.Equal((Outcome.Incomplete, Outcome.Incomplete, 1), (backup.Outcome, backup.Snapshot!.Outcome, backup.MissingCount));
        Assert.Equal(Path.Combine(Source, folder), Assert.Single(backup.Missing).Path);
        Assert.Contains($"to {_disk["moved"]}", backup.Missing[0].Reason, StringComparison.Ordinal);
    }
}

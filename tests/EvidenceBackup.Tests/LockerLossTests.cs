using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Workers.Repositories;

namespace StellaOps.Backup.EvidenceBackup.Tests;

/// <summary>A disk that is not mounted leaves an empty directory: no night may call that complete while a point has the evidence.</summary>
public sealed class LockerLossTests : IAsyncDisposable
{
    private readonly EvidenceBench _bench = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Theory]
    [InlineData("a")]
    [InlineData("sboms/2026/a")]
    public async Task An_emptied_locker_is_incomplete_night_after_night(string file)
    {
        _bench.Write(file, "1");
        var full = await _bench.BackupAsync();
        Assert.Equal(Outcome.Complete, full.Outcome);
        File.Delete(Path.Combine(_bench.Source, file));
        for (var night = 1; night <= 2; night++)
        {
            Directory.CreateDirectory(_bench["source", $"night-{night}"]); // So that no two snapshots are equal.
            Lacks(await _bench.BackupAsync(), _bench.Source);
        }

        // Once no point has the files any more, an empty locker is what there is.
        await ForgetAsync(full);
        Assert.Equal(Outcome.Complete, (await _bench.BackupAsync()).Outcome);
    }

    [Theory]
    [InlineData("rm -r sboms/*")]
    [InlineData("rm -r sboms")]
    [InlineData("rm -r sboms && touch sboms")]
    public async Task A_folder_that_is_empty_or_gone_is_incomplete_until_it_is_back(string loss)
    {
        _bench.Write("sboms/2026/a", "1");
        _bench.Write("vex/b", "2");
        var full = await _bench.BackupAsync();
        await RunAsync(loss);
        for (var night = 1; night <= 2; night++)
        {
            Directory.CreateDirectory(_bench["source", $"night-{night}"]); // So that no two snapshots are equal.
            Lacks(await _bench.BackupAsync(), Path.Combine(_bench.Source, "sboms"));
        }

        await RunAsync("rm -rf sboms");
        await _bench.RestoreAsync(full);
        Assert.Equal(Outcome.Complete, (await _bench.BackupAsync()).Outcome);
    }

    [Fact]
    public async Task Single_files_that_went_and_folders_that_never_had_any_are_nothing_to_wait_for()
    {
        _bench.Write("sboms/a", "1");
        _bench.Write("sboms/b", "2");
        _bench.Write("top", "3");
        _bench.Write(".making/c", "4");
        Directory.CreateDirectory(Path.Combine(_bench.Source, "vex"));
        await _bench.BackupAsync();
        await RunAsync("rm -r sboms/b top .making vex");
        Assert.Equal(Outcome.Complete, (await _bench.BackupAsync()).Outcome);
    }

    private static void Lacks(TaskResult result, string path)
    {
        Assert.Equal((Outcome.Incomplete, 1), (result.Outcome, result.MissingCount));
        Assert.Equal((Outcome.Incomplete, 1), (result.Snapshot!.Outcome, result.Snapshot.MissingCount));
        Assert.Equal(path, Assert.Single(result.Missing).Path);
        Assert.Contains("Mount what belongs there", result.Missing[0].Reason, StringComparison.Ordinal);
    }

    private async Task ForgetAsync(TaskResult backup)
    {
        await using var opened = await _bench.Services.GetRequiredService<ComponentRepositories>().OpenAsync(Component.Evidence, Token);
        await opened.Repository.Forgotten.ForgetAsync([ComponentRepository.ParseId(backup.Snapshot!.SnapshotId)], TimeSpan.FromDays(7), Token);
    }

    private async Task RunAsync(string script) => (await Testing.Machine.Processes.RunAsync("/bin/sh", ["-ec", script], workingDirectory: _bench.Source, cancellationToken: Token)).Checked();
}

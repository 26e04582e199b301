using StellaOps.Backup.Contracts;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Workers.Comparison;

namespace StellaOps.Backup.Workers.Tests.Comparison;

public sealed class SnapshotComparisonTests : IAsyncDisposable
{
    private readonly WorkerBench _bench = new();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task An_untouched_directory_is_equal_in_everything()
    {
        var snapshot = await MakeAsync();
        var hashes = new System.Collections.Concurrent.ConcurrentDictionary<string, string>();
        var report = await CompareAsync(snapshot, new ComparisonOptions
        {
            Metadata = true,
            OnEqualFile = (path, hash) => hashes[path.ToString()] = Convert.ToHexStringLower(hash.Span),
        });
        Assert.True(report.IsWhole);
        Assert.Equal((3, 7, 0), (report.EqualFiles, report.EqualBytes, report.Extra));
        Assert.Equal(["d/a", "d/b", "empty"], hashes.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", hashes["empty"]);
    }

    [Theory]
    [InlineData("printf xyz > d/a", "d/a", "has other content")]
    [InlineData("printf abcd > d/a", "d/a", "has 4 bytes, not 3")]
    [InlineData("chmod 600 d/a", "d/a", "has mode 600, not 644")]
    [InlineData("chmod 700 d", "d", "has mode 700, not 755")]
    [InlineData("touch -d 2001-01-01 d/a", "d/a", "has another time of modification")]
    [InlineData("ln -sfn elsewhere link", "link", "points to elsewhere, not to d/a")]
    [InlineData("rm d/a && mkdir d/a", "d/a", "is a directory, not a file")]
    public async Task Whatever_differs_is_said(string change, string path, string reason)
    {
        var snapshot = await MakeAsync();
        await ShellAsync(change);
        var report = await CompareAsync(snapshot, new ComparisonOptions { Metadata = true });
        Assert.Contains(new ComparedItem(ComparedState.Different, path, reason), report.Items);
        Assert.False(report.IsWhole);
    }

    [Fact]
    public async Task What_only_one_side_has_is_counted_with_everything_below()
    {
        var snapshot = await MakeAsync();
        await ShellAsync("rm -r d && mkdir -p new/deep && touch new/deep/file");
        var report = await CompareAsync(snapshot, new ComparisonOptions());
        Assert.Equal((3, 2, 7), (report.Missing, report.MissingFiles, report.MissingBytes));
        Assert.Equal(3, report.Extra);
    }

    [Fact]
    public async Task A_directory_that_is_gone_lacks_everything()
    {
        var snapshot = await MakeAsync();
        Directory.Delete(_bench.Source, recursive: true);
        var report = await CompareAsync(snapshot, new ComparisonOptions());
        Assert.Equal((3, 7), (report.MissingFiles, report.MissingBytes));
    }

    private async Task<string> MakeAsync()
    {
        await ShellAsync("mkdir d && printf abc > d/a && printf abcd > d/b && touch empty && ln -s d/a link && chmod 644 d/a && chmod 755 d");
        return await _bench.BackupAsync();
    }

    private async Task ShellAsync(string script) => (await Processes.RunAsync(
        "/bin/sh", ["-c", script], workingDirectory: _bench.Source, cancellationToken: TestContext.Current.CancellationToken)).Checked();

    private async Task<ComparisonReport> CompareAsync(string snapshotId, ComparisonOptions options)
    {
        await using var opened = await _bench.Repositories.OpenAsync(Component.Evidence, TestContext.Current.CancellationToken);
        var snapshot = await opened.LoadSnapshotAsync(snapshotId, TestContext.Current.CancellationToken);
        return await new SnapshotComparison(opened.Repository).RunAsync(snapshot, _bench.Source, _bench.Source, options, TestContext.Current.CancellationToken);
    }
}

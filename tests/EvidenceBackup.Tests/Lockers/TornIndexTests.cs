using System.Text.RegularExpressions;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.EvidenceBackup.Tests.Lockers;

/// <summary>What the platform records in the index beyond the artifacts, legal holds say, nobody else knows: no rebuild may lose it.</summary>
public sealed class TornIndexTests : IAsyncDisposable
{
    private const string Hold = "\"legalHold\":true";
    private readonly SealedLocker _locker = SealedLocker.Filled();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _locker.DisposeAsync();

    [Fact]
    public async Task A_torn_index_is_kept_beside_the_new_one_and_named()
    {
        _locker.Index(more: $",{Hold}");
        var whole = await File.ReadAllTextAsync(_locker.IndexFile, Token);
        var torn = whole[..(whole.IndexOf("sboms/b.json", StringComparison.Ordinal) + 60)];
        await File.WriteAllTextAsync(_locker.IndexFile, torn, Token);
        File.SetUnixFileMode(_locker.IndexFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        Assert.Equal(Outcome.Incomplete, (await RebuildAsync(dryRun: true)).Outcome);
        Assert.Equal(torn, await File.ReadAllTextAsync(_locker.IndexFile, Token));
        Assert.Empty(Kept());

        var result = await RebuildAsync();
        Assert.Equal((Outcome.Incomplete, 1), (result.Outcome, result.MissingCount));
        var kept = Assert.Single(Kept());
        Assert.Equal(torn, await File.ReadAllTextAsync(kept, Token));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(kept));
        Assert.Equal("index.json", Assert.Single(result.Missing).Path);
        Assert.Contains($"it is kept as {Path.GetFileName(kept)}", result.Missing[0].Reason, StringComparison.Ordinal);

        // The new one is sound, and what was kept is no artifact.
        Assert.Equal((3, 1), (result.Index!.Artifacts, Holds(await File.ReadAllTextAsync(_locker.IndexFile, Token))));
        Assert.Equal(Outcome.Complete, (await _locker.CheckAsync()).Outcome);
        Assert.False((await _locker.RebuildAsync()).Written);
    }

    [Theory]
    [InlineData("\n  {\"path\":\"sboms/b", "\n  null,\n  {\"path\":\"sboms/b", "entry 2 is no object", 3)]
    [InlineData("\n  {\"path\":\"sboms/b", "\n  [{}],\n  {\"path\":\"sboms/b", "entry 2 is no object", 3)]
    [InlineData("]}\n", "]}\n\0", "index.json cannot be read to its end", 3)]
    [InlineData("]}\n", "]}\n{\"artifacts\":[]}", "index.json cannot be read to its end", 3)]
    [InlineData("\"sizeBytes\":1", "\"sizeBytes\":null", "attestations/a.json: its entry has no digest or no size", 2)]
    [InlineData("\"sizeBytes\":1", "\"sizeBytes\":{\"bytes\":1}", "attestations/a.json: its entry has no digest or no size", 2)]
    [InlineData("\"path\":\"attestations/a.json\"", "\"path\":7", "entry 1 has no path", 2)]
    [InlineData("\"path\":\"attestations/a.json\"", "\"path\":\"\\ud800\"", "entry 1 has no path", 2)]
    public async Task What_is_odd_in_an_index_is_a_problem_and_hides_nothing_that_follows(string usual, string odd, string problem, int holds)
    {
        _locker.Index(more: $",{Hold}");
        var text = new Regex(Regex.Escape(usual)).Replace(await File.ReadAllTextAsync(_locker.IndexFile, Token), odd, 1);
        await File.WriteAllTextAsync(_locker.IndexFile, text, Token);
        Assert.Contains(SealedLocker.Problems(await _locker.CheckAsync()), line => line.StartsWith($"index: {problem}", StringComparison.Ordinal));

        var result = await RebuildAsync();
        Assert.Equal(Outcome.Incomplete, result.Outcome);
        Assert.Contains(problem, Assert.Single(result.Missing).Reason, StringComparison.Ordinal);
        Assert.Equal(text, await File.ReadAllTextAsync(Assert.Single(Kept()), Token));
        Assert.Equal(holds, Holds(await File.ReadAllTextAsync(_locker.IndexFile, Token)));
    }

    /// <summary>A disk that is not mounted in its folder, and comes back later.</summary>
    [Fact]
    public async Task What_only_the_index_records_of_artifacts_that_are_not_there_is_kept_until_they_are()
    {
        _locker.Index(more: $",{Hold}");
        var whole = await File.ReadAllTextAsync(_locker.IndexFile, Token);
        Directory.Move(Path.Combine(_locker.Bench.Source, "sboms"), _locker.Bench["unmounted"]);
        Assert.Equal(Outcome.Incomplete, (await RebuildAsync(dryRun: true)).Outcome);
        Assert.Empty(Kept());

        var result = await RebuildAsync();
        Assert.Equal((Outcome.Incomplete, 1, 2), (result.Outcome, result.MissingCount, result.Index!.DroppedCount));
        Assert.Equal(1, Holds(await File.ReadAllTextAsync(_locker.IndexFile, Token)));
        var kept = Assert.Single(Kept());
        Assert.Equal(whole, await File.ReadAllTextAsync(kept, Token));
        Assert.Equal("index.json", Assert.Single(result.Missing).Path);
        Assert.Contains($"legal holds say: 2; the new one lacks them, and it is kept as {Path.GetFileName(kept)}", result.Missing[0].Reason, StringComparison.Ordinal);

        // Nothing more is lost by another one; and as the message has it, all comes back.
        Assert.Equal(Outcome.Complete, (await RebuildAsync()).Outcome);
        Directory.Move(_locker.Bench["unmounted"], Path.Combine(_locker.Bench.Source, "sboms"));
        File.Move(kept, _locker.IndexFile, overwrite: true);
        Assert.False((await _locker.RebuildAsync()).Written);
        Assert.Equal(Outcome.Complete, (await _locker.CheckAsync()).Outcome);
    }

    private Task<TaskResult> RebuildAsync(bool dryRun = false) =>
        _locker.Bench.Handler.RebuildIndexAsync(_locker.Bench.Task(), new RebuildIndexSpec { DryRun = dryRun }, Token);

    private string[] Kept() => Directory.GetFiles(_locker.Bench.Source, ".*");

    private static int Holds(string index) => Regex.Count(index, Hold);
}

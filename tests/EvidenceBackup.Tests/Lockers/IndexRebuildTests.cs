using System.Text.RegularExpressions;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.EvidenceBackup.Indexes;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.EvidenceBackup.Tests.Lockers;

public sealed class IndexRebuildTests : IAsyncDisposable
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private readonly SealedLocker _locker = SealedLocker.Filled();

    public ValueTask DisposeAsync() => _locker.DisposeAsync();

    [Fact]
    public async Task A_lost_index_comes_back_byte_for_byte_and_is_not_written_again()
    {
        var before = await File.ReadAllBytesAsync(_locker.IndexFile, Token);
        File.Delete(_locker.IndexFile);
        var planned = await _locker.RebuildAsync(dryRun: true);
        Assert.Equal((3, false), (planned.AddedCount, planned.Written));
        Assert.False(File.Exists(_locker.IndexFile));

        Assert.True((await _locker.RebuildAsync()).Written);
        Assert.Equal(before, await File.ReadAllBytesAsync(_locker.IndexFile, Token));
        Assert.False((await _locker.RebuildAsync()).Written);
        Assert.Equal(Outcome.Complete, (await _locker.CheckAsync()).Outcome);
        Assert.Equal(["anchors", "attestations", "index.json", "sboms"], Directory.EnumerateFileSystemEntries(_locker.Bench.Source).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task What_came_and_went_is_listed_and_what_the_platform_recorded_stays()
    {
        _locker.Index(more: ",\"tenant\":\"t1\",\"legalHold\":true");
        _locker.Bench.Write("vex/new.json", "new");
        File.Delete(Path.Combine(_locker.Bench.Source, "sboms/c.json"));
        File.SetUnixFileMode(_locker.IndexFile, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        var before = await File.ReadAllTextAsync(_locker.IndexFile, Token);
        var rebuilt = await _locker.RebuildAsync(Outcome.Incomplete);

        Assert.Equal(["vex/new.json"], rebuilt.Added);
        Assert.Equal(["sboms/c.json"], rebuilt.Dropped);
        Assert.Equal(3, rebuilt.Artifacts);
        var text = await File.ReadAllTextAsync(_locker.IndexFile, Token);
        Assert.Contains("\"sizeBytes\":1,\"tenant\":\"t1\",\"legalHold\":true}", text, StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(_locker.IndexFile));
        Assert.Equal(before, await File.ReadAllTextAsync(Assert.Single(Kept()), Token));
    }

    [Fact]
    public async Task What_went_and_had_nothing_of_the_platform_is_dropped_without_more()
    {
        File.Delete(Path.Combine(_locker.Bench.Source, "sboms/c.json"));
        Assert.Equal(["sboms/c.json"], (await _locker.RebuildAsync()).Dropped);
        Assert.Empty(Kept());
    }

    /// <summary>The platform goes on while the locker is looked at, and has recorded a legal hold before the listing ends.</summary>
    [Fact]
    public async Task An_artifact_that_is_added_and_indexed_meanwhile_keeps_its_entry()
    {
        const string Hold = ",\"legalHold\":true";
        _locker.Bench.Log.OnNext = line =>
        {
            Assert.Equal("info: index.json names 3 artifacts", line);
            _locker.Add("vex/d.json", "d");
            _locker.Index(Hold);
        };

        Assert.Equal(4, (await _locker.RebuildAsync()).Artifacts);

        Assert.Null(_locker.Bench.Log.OnNext);
        Assert.Equal(4, Regex.Count(await File.ReadAllTextAsync(_locker.IndexFile, Token), Hold));
    }

    [Fact]
    public async Task What_the_index_names_and_is_there_keeps_its_entry_listed_or_not()
    {
        _locker.Add(".making/d.json", "d");
        _locker.Index(",\"legalHold\":true");
        var before = await File.ReadAllTextAsync(_locker.IndexFile, Token);

        var rebuilt = await _locker.RebuildAsync();

        Assert.Equal((4, 0), (rebuilt.Artifacts, rebuilt.DroppedCount));
        Assert.Equal(before, await File.ReadAllTextAsync(_locker.IndexFile, Token));
    }

    [Theory]
    [InlineData("index.json")]
    [InlineData("index/part.json")]
    [InlineData(".making/d.json")]
    public async Task What_an_index_names_and_is_no_artifact_loses_its_entry_when_it_has_changed(string path)
    {
        var sound = await File.ReadAllTextAsync(_locker.IndexFile, Token);
        var entry = $"{{\"path\":\"{path}\",\"sha256\":\"{new string('0', 64)}\",\"sizeBytes\":1,\"legalHold\":true}}";
        if (path != "index.json")
        {
            _locker.Bench.Write(path, "now");
        }

        await File.WriteAllTextAsync(_locker.IndexFile, sound.Replace("\n]}", $",\n  {entry}\n]}}", StringComparison.Ordinal), Token);

        Assert.Equal([path], (await _locker.RebuildAsync(Outcome.Incomplete)).Dropped);
        Assert.Contains(entry, await File.ReadAllTextAsync(Assert.Single(Kept()), Token), StringComparison.Ordinal);
        Assert.False((await _locker.RebuildAsync()).Written);
        Assert.Equal(sound, await File.ReadAllTextAsync(_locker.IndexFile, Token));
    }

    [Fact]
    public async Task What_the_platform_recorded_beside_the_artifacts_stays()
    {
        const string Theirs = "{\"version\":1,\"policy\":{\"holds\":[\"CASE-17\"]},\"madeBy\":\"platform 7\",\"artifacts\":[";
        var index = await File.ReadAllTextAsync(_locker.IndexFile, Token);
        await File.WriteAllTextAsync(_locker.IndexFile, index.Replace("{\"version\":1,\"artifacts\":[", Theirs, StringComparison.Ordinal), Token);
        _locker.Bench.Write("vex/new.json", "new");

        Assert.True((await _locker.RebuildAsync()).Written);

        Assert.StartsWith(Theirs, await File.ReadAllTextAsync(_locker.IndexFile, Token), StringComparison.Ordinal);
        Assert.False((await _locker.RebuildAsync()).Written);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_altered_artifact_is_never_indexed_as_it_is_now(bool indexed)
    {
        var before = await File.ReadAllTextAsync(_locker.IndexFile, Token);
        if (!indexed)
        {
            File.Delete(_locker.IndexFile);
        }

        _locker.Bench.Write("sboms/b.json", "B");
        var rebuilt = await _locker.RebuildAsync(Outcome.Incomplete);
        Assert.Equal(indexed ? (3, false) : (2, true), (rebuilt.Artifacts, rebuilt.Written));
        Assert.Equal(indexed, before == await File.ReadAllTextAsync(_locker.IndexFile, Token));
        Assert.Contains(SealedLocker.Problems(await _locker.CheckAsync()), problem => problem.Contains("sboms/b.json: altered", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_wrong_entry_is_corrected_where_an_anchor_says_that_the_artifact_is_right()
    {
        var before = await File.ReadAllTextAsync(_locker.IndexFile, Token);
        await File.WriteAllTextAsync(_locker.IndexFile, before.Replace("ca978112", "00000000", StringComparison.Ordinal), Token);
        Assert.Equal(["attestations/a.json"], (await _locker.RebuildAsync()).Corrected);
        Assert.Equal(before, await File.ReadAllTextAsync(_locker.IndexFile, Token));
    }

    [Fact]
    public async Task An_index_that_somebody_wrote_meanwhile_is_left_as_it_is()
    {
        var theirs = await File.ReadAllBytesAsync(_locker.IndexFile, Token);
        Assert.False(await IndexFile.TryReplaceAsync(_locker.Bench.Source, "read before they wrote"u8.ToArray(), "ours"u8.ToArray(), keepAs: null, Token));
        Assert.Equal(theirs, await File.ReadAllBytesAsync(_locker.IndexFile, Token));
        Assert.DoesNotContain(Directory.EnumerateFiles(_locker.Bench.Source), file => file.Contains("/.", StringComparison.Ordinal));
    }

    /// <summary>What a killed rebuild leaves is hidden: no artifact, and gone after the next one.</summary>
    [Fact]
    public async Task What_a_killed_rebuild_left_is_no_artifact_and_is_written_over()
    {
        _locker.Bench.Write(".stella-index-new", "half of an ind");
        Assert.Equal(Outcome.Complete, (await _locker.CheckAsync()).Outcome);
        File.Delete(_locker.IndexFile);
        Assert.Equal(3, (await _locker.RebuildAsync()).Artifacts);
        Assert.False(File.Exists(Path.Combine(_locker.Bench.Source, ".stella-index-new")));
    }

    /// <summary>A later platform records what is not known here; to write over that would lose it, legal holds among it.</summary>
    [Theory]
    [InlineData("{\"version\":2,\"artifacts\":[{\"id\":\"a\",\"legalHold\":true}]}")]
    [InlineData("{\"artifacts\":[],\"version\":7}")]
    public async Task An_index_of_a_version_that_is_not_known_is_left_as_it_is(string theirs)
    {
        await File.WriteAllTextAsync(_locker.IndexFile, theirs, Token);
        var refused = await Assert.ThrowsAsync<BackupException>(() => _locker.RebuildAsync());
        Assert.Equal(ErrorCodes.VersionMismatch, refused.Error);
        Assert.Equal(theirs, await File.ReadAllTextAsync(_locker.IndexFile, Token));
        Assert.Contains(SealedLocker.Problems(await _locker.CheckAsync()), problem => problem.Contains("and 1 is known here", StringComparison.Ordinal));
    }

    /// <summary>Others may be able to write into the locker, and the worker may be root.</summary>
    [Fact]
    public async Task A_link_in_the_place_of_the_new_index_does_not_lead_the_worker_elsewhere()
    {
        using var elsewhere = new TemporaryDirectory();
        await File.WriteAllTextAsync(elsewhere["victim"], "theirs", Token);
        File.CreateSymbolicLink(Path.Combine(_locker.Bench.Source, ".stella-index-new"), elsewhere["victim"]);
        File.Delete(_locker.IndexFile);

        Assert.Equal(3, (await _locker.RebuildAsync()).Artifacts);

        Assert.Equal("theirs", await File.ReadAllTextAsync(elsewhere["victim"], Token));
        Assert.Null(File.ResolveLinkTarget(_locker.IndexFile, returnFinalTarget: false));
    }

    [Fact]
    public async Task An_artifact_that_cannot_be_named_in_an_index_is_not_passed_over_in_silence()
    {
        await Processes.RunAsync("sh", ["-c", "printf x > \"$1/sboms/$(printf '\\377').json\"", "sh", _locker.Bench.Source], cancellationToken: Token);
        var check = await _locker.CheckAsync();
        Assert.Contains("sboms/\uFFFD.json: its name is not UTF-8, and so it is no artifact", check.Evidence!.Checks.Single(one => one.Check == "unindexed").Remarks);
    }

    /// <summary>Who opens a FIFO waits until somebody writes into it.</summary>
    [Fact(Timeout = 60_000)]
    public async Task A_fifo_is_no_artifact_and_is_not_waited_for()
    {
        var token = TestContext.Current.CancellationToken;
        var pipe = Path.Combine(_locker.Bench.Source, "sboms/pipe");
        await Processes.RunAsync("mkfifo", [pipe], cancellationToken: token);
        var check = await _locker.CheckAsync();
        Assert.Equal(Outcome.Complete, check.Outcome);
        Assert.Contains("sboms/pipe: no regular file, and so no artifact", check.Evidence!.Checks.Single(one => one.Check == "unindexed").Remarks);
        Assert.Equal((3, false), await _locker.RebuildAsync() is var rebuilt ? (rebuilt.Artifacts, rebuilt.Written) : default);

        // Also where an index names it.
        var text = await File.ReadAllTextAsync(_locker.IndexFile, token);
        await File.WriteAllTextAsync(_locker.IndexFile, text.Replace("sboms/c.json", "sboms/pipe", StringComparison.Ordinal), token);
        Assert.Contains("index: sboms/pipe: missing", SealedLocker.Problems(await _locker.CheckAsync()));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("index.json", "index: index.json is no regular file")]
    [InlineData("anchors/000001.json", "anchors: anchors/000001.json: no regular file")]
    [InlineData("anchors/000001.sha256", "anchors: anchors/000001.sha256: no regular file")]
    public async Task A_fifo_in_the_place_of_an_index_or_an_anchor_is_named_and_not_waited_for(string path, string problem)
    {
        var place = Path.Combine(_locker.Bench.Source, path);
        File.Delete(place);
        (await Processes.RunAsync("mkfifo", [place], cancellationToken: TestContext.Current.CancellationToken)).Checked();

        Assert.Contains(problem, SealedLocker.Problems(await _locker.CheckAsync()));

        if (place == _locker.IndexFile)
        {
            Assert.Equal(ErrorCodes.SourceDamaged, (await Assert.ThrowsAsync<BackupException>(() => _locker.RebuildAsync())).Error);
        }
        else
        {
            Assert.Equal(3, (await _locker.RebuildAsync()).Artifacts);
        }
    }

    [Fact]
    public async Task A_restore_into_a_locker_that_went_on_leaves_its_index_and_says_what_to_do()
    {
        _locker.Index(more: ",\"legalHold\":true");
        var recorded = await File.ReadAllBytesAsync(_locker.IndexFile, Token);
        var backup = await _locker.Bench.BackupAsync();
        _locker.Add("vex/d.json", "d");
        _locker.Index();
        File.Delete(Path.Combine(_locker.Bench.Source, "sboms/c.json"));
        foreach (var dryRun in (bool[])[true, false])
        {
            var restored = await _locker.Bench.RestoreAsync(backup, dryRun);
            Assert.Equal((Outcome.Complete, 0), (restored.Outcome, restored.MissingCount));
            Assert.Contains(restored.Restore!.Notes, note =>
                note.Contains(IndexFile.KeptNameOf(recorded), StringComparison.Ordinal) && note.EndsWith("stella evidence index rebuild", StringComparison.Ordinal));
            Assert.Equal(dryRun ? 0 : 1, Kept().Length);
        }

        // No artifact, neither to a check nor to a rebuild, which says that it is there.
        Assert.Equal(recorded, await File.ReadAllBytesAsync(Assert.Single(Kept()), Token));
        Assert.Equal(Outcome.Complete, (await _locker.CheckAsync()).Outcome);
        Assert.Equal(Outcome.Complete, (await _locker.Bench.BackupAsync()).Outcome);
        Assert.False((await _locker.RebuildAsync()).Written);
        Assert.Contains(_locker.Bench.Log.Lines, line => line.StartsWith($"warning: an index of earlier is there as {IndexFile.KeptNameOf(recorded)}", StringComparison.Ordinal));
    }

    /// <summary>A share that does not let files be given away, or a top directory that others own; root is stopped by a directory of that name.</summary>
    [Fact]
    public async Task A_restore_that_cannot_put_the_index_of_the_point_beside_the_newer_one_is_whole_and_says_so()
    {
        var recorded = await File.ReadAllBytesAsync(_locker.IndexFile, Token);
        var backup = await _locker.Bench.BackupAsync();
        _locker.Add("vex/d.json", "d");
        _locker.Index();
        File.Delete(Path.Combine(_locker.Bench.Source, "sboms/c.json"));
        Directory.CreateDirectory(Path.Combine(_locker.Bench.Source, IndexFile.KeptNameOf(recorded)));

        var restored = await _locker.Bench.RestoreAsync(backup);

        Assert.Equal((Outcome.Complete, 0, 1), (restored.Outcome, restored.MissingCount, restored.Restore!.FilesWritten));
        Assert.Contains(restored.Restore.Notes, note =>
            note.Contains("could not be put beside it", StringComparison.Ordinal) && note.Contains("--target", StringComparison.Ordinal));
        Assert.Empty(Directory.GetFiles(_locker.Bench.Source, ".stella-index-new*"));
        Assert.False((await _locker.RebuildAsync()).Written);
    }

    [Theory]
    [InlineData("a", "b")]
    [InlineData("a", "ab")]
    [InlineData("a-b", "a/b")]
    [InlineData("\uFFFD", "\U0001F600")]
    [InlineData("\uE000", "\U00010000")]
    [InlineData("\uD7FF", "\uE000")]
    public void Paths_are_ordered_by_their_bytes(string first, string second)
    {
        Assert.True(EvidenceBackup.Lockers.PathOrder.Instance.Compare(first, second) < 0);
        Assert.True(EvidenceBackup.Lockers.PathOrder.Instance.Compare(second, first) > 0);
        Assert.Equal(-1, Math.Sign(System.Text.Encoding.UTF8.GetBytes(first).AsSpan().SequenceCompareTo(System.Text.Encoding.UTF8.GetBytes(second))));
    }

    [Fact]
    public async Task A_key_that_is_gone_is_said_before_anything_is_read()
    {
        await using var locker = new EvidenceBench(("Evidence:AnchorKeys:0", "/nowhere/keys"));
        var refused = await Assert.ThrowsAsync<BackupException>(() => locker.Handler.CheckEvidenceAsync(
            locker.Task(), new Contracts.Tasks.EvidenceCheckSpec { Index = true, Full = true }, Token));
        Assert.Equal(ErrorCodes.NotConfigured, refused.Error);
    }

    private string[] Kept() => Directory.GetFiles(_locker.Bench.Source, ".stella-index-kept-*.json");
}

using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.EvidenceBackup.Tests.Lockers;

public sealed class LockerCheckTests : IAsyncDisposable
{
    private readonly SealedLocker _locker = SealedLocker.Filled();

    public ValueTask DisposeAsync() => _locker.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_sound_locker_is_complete(bool full)
    {
        var result = await _locker.CheckAsync(full);
        Assert.Empty(SealedLocker.Problems(result));
        Assert.Equal(Outcome.Complete, result.Outcome);
        Assert.Equal(
            [("index", 3), ("unindexed", 3), ("content", 3), ("anchors", 2), ("anchored", 3)],
            result.Evidence!.Checks.Select(check => (check.Check, check.Checked)));
        Assert.Equal((3, 3), (result.Evidence.Artifacts, result.Evidence.Bytes));
    }

    [Fact]
    public async Task A_missing_artifact_is_named_by_index_and_anchor()
    {
        Delete("sboms/c.json");
        Assert.Equal(
            ["index: sboms/c.json: missing", "anchored: sboms/c.json: missing, and anchors/000002.json records it"],
            SealedLocker.Problems(await _locker.CheckAsync()));
    }

    [Fact]
    public async Task An_altered_artifact_is_named()
    {
        _locker.Bench.Write("sboms/b.json", "B");
        Assert.Equal(["anchored: sboms/b.json: altered: its content is not what anchors/000001.json records"], SealedLocker.Problems(await _locker.CheckAsync()));

        _locker.Bench.Write("sboms/b.json", "longer");
        Assert.Contains("index: sboms/b.json: altered: it has 6 bytes, and the index records 1", SealedLocker.Problems(await _locker.CheckAsync(full: false)));
    }

    [Fact]
    public async Task One_that_no_anchor_covers_is_held_against_the_index()
    {
        _locker.Add("vex/d.json", "d");
        _locker.Index();
        _locker.Bench.Write("vex/d.json", "D");
        Assert.Equal(["content: vex/d.json: altered: its content is not what the index records"], SealedLocker.Problems(await _locker.CheckAsync()));
    }

    [Fact]
    public async Task What_the_index_lacks_is_drift_and_leaves_the_check_incomplete()
    {
        _locker.Bench.Write("vex/new.json", "new");
        _locker.Bench.Write(".stella-restore-0123456789abcdef", "a file in the making");
        var result = await _locker.CheckAsync();
        Assert.Empty(SealedLocker.Problems(result));
        Assert.Equal(Outcome.Incomplete, result.Outcome);
        Assert.StartsWith("artifacts that are not in the index, and that look-ups do not find: 1 (25 %)", result.Missing.Single().Reason, StringComparison.Ordinal);
        Assert.Equal(["vex/new.json"], result.Evidence!.Checks.Single(check => check.Check == "unindexed").Remarks);
    }

    [Theory]
    [InlineData(null, "there is no index.json")]
    [InlineData("{\"version\":1,\"artifacts\":[{\"path\":\"sboms", "index.json cannot be read to its end")]
    [InlineData("{\"version\":2,\"artifacts\":[]}", "its version is 2")]
    [InlineData("{\"version\":1,\"artifacts\":[{\"path\":\"../etc/passwd\",\"sha256\":\"\",\"sizeBytes\":1}]}", "'../etc/passwd' is no path of an artifact")]
    public async Task An_index_that_is_lost_or_broken_is_said(string? content, string expected)
    {
        File.Delete(_locker.IndexFile);
        if (content is not null)
        {
            await File.WriteAllTextAsync(_locker.IndexFile, content, TestContext.Current.CancellationToken);
        }

        var result = await _locker.CheckAsync();
        Assert.Contains(SealedLocker.Problems(result).Concat(result.Missing.Select(item => item.Reason)), line => line.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_wrong_index_is_told_from_an_altered_artifact()
    {
        var text = await File.ReadAllTextAsync(_locker.IndexFile, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_locker.IndexFile, text.Replace("ca978112", "00000000", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        Assert.Equal(
            ["content: attestations/a.json: the index records another content than anchors/000001.json, which is right: stella evidence index rebuild"],
            SealedLocker.Problems(await _locker.CheckAsync()));
    }

    [Fact]
    public async Task A_lost_locker_is_refused_with_the_way_back()
    {
        Directory.Delete(_locker.Bench.Source, recursive: true);
        var refused = await Assert.ThrowsAsync<BackupException>(() => _locker.CheckAsync());
        Assert.Equal(ErrorCodes.SourceUnreachable, refused.Error);
        Assert.Contains("stella backup restore --type evidence", refused.Hint, StringComparison.Ordinal);
    }

    /// <summary>The check of the doctor, by names alone: what it says, and its facts.</summary>
    [Theory]
    [InlineData("true", "pass", "the index names 3 artifacts")]
    [InlineData("rm index.json", "warn", "there is no index.json")]
    [InlineData("rm sboms/c.json", "fail", "artifacts that are indexed and not there: 1")]
    [InlineData("touch sboms/d.json", "warn", "the index has drifted by 25 %")]
    public async Task The_doctor_hears_of_drift(string change, string status, string expected)
    {
        (await Processes.RunAsync("/bin/sh", ["-ec", change], workingDirectory: _locker.Bench.Source, cancellationToken: TestContext.Current.CancellationToken)).Checked();
        var check = _locker.Bench.Services.GetServices<IServiceCheck>().Single(check => check.Id == "check.evidencelocker.index");
        var result = await check.RunAsync(TestContext.Current.CancellationToken);
        Assert.Equal(status, result.Status);
        Assert.StartsWith(expected, result.Message, StringComparison.Ordinal);
    }

    private void Delete(string path) => File.Delete(Path.Combine(_locker.Bench.Source, path));
}

using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.EvidenceBackup.Tests.Lockers;

public sealed class AnchorChainTests
{
    [Theory]
    [InlineData("rm anchors/000001.json", "anchors: anchors/000001.json: missing")]
    [InlineData("rm anchors/000001.sha256", "anchors: anchors/000001.sha256: missing")]
    [InlineData("sed -i 1d anchors/000001.sha256", "anchors: anchors/000001.sha256: 1 lines with the root")]
    [InlineData("sed -i s/ca97/ca98/ anchors/000001.sha256", "anchors: anchors/000001.sha256: 2 lines with the root")]
    [InlineData("echo nonsense >anchors/000001.sha256", "anchors: anchors/000001.sha256: line 1 is not a digest and a path")]
    [InlineData("truncate -s 40 anchors/000001.json", "anchors: anchors/000001.json: the file is not a whole DSSE envelope")]
    [InlineData("cp anchors/000002.json anchors/000001.json", "anchors: anchors/000001.json: it is anchor 2 by what it says")]
    [InlineData("echo >>anchors/000001.json", "anchors: anchors/000002.json: it does not continue anchors/000001.json")]
    [InlineData("sed -i 's/\"sig\":\"..../&AAAA/' anchors/000002.json", "anchors: anchors/000002.json: the anchor is signed by test, which is not trusted here")]
    [InlineData("mv anchors/000002.json anchors/000009.json", "anchors: anchors/000002.json to anchors/000008.json: missing")]
    public async Task What_breaks_the_chain_is_named(string damage, string expected)
    {
        await using var locker = SealedLocker.Filled();
        (await Testing.Machine.Processes.RunAsync("/bin/sh", ["-ec", damage], workingDirectory: locker.Bench.Source, cancellationToken: TestContext.Current.CancellationToken)).Checked();
        Assert.Contains(SealedLocker.Problems(await locker.CheckAsync(index: false)), problem => problem.StartsWith(expected, StringComparison.Ordinal));
    }

    /// <summary>Who forges an anchor to match an artifact that he altered.</summary>
    [Fact]
    public async Task An_anchor_of_somebody_else_is_not_believed()
    {
        await using var locker = SealedLocker.Filled();
        await using var forger = new SealedLocker();
        forger.Add("attestations/a.json", "forged");
        forger.Add("sboms/b.json", "b");
        forger.Anchor();
        foreach (var file in (string[])["attestations/a.json", "anchors/000001.json", "anchors/000001.sha256"])
        {
            File.Copy(Path.Combine(forger.Bench.Source, file), Path.Combine(locker.Bench.Source, file), overwrite: true);
        }

        var problems = SealedLocker.Problems(await locker.CheckAsync());
        Assert.Contains("anchors: anchors/000001.json: the anchor is signed by test, which is not trusted here", problems);
        Assert.Contains("index: attestations/a.json: altered: it has 6 bytes, and the index records 1", problems);
        Assert.Contains("content: attestations/a.json: altered: its content is not what the index records", problems);
        await locker.RebuildAsync(Outcome.Incomplete);
        Assert.Contains("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb", await File.ReadAllTextAsync(locker.IndexFile, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_keys_links_and_roots_are_checked_and_signatures_are_said_not_to_be()
    {
        await using var locker = SealedLocker.Filled(trusting: false);
        var result = await locker.CheckAsync();
        Assert.Empty(SealedLocker.Problems(result));
        Assert.Equal((Outcome.Incomplete, "anchors"), (result.Outcome, result.Missing.Single().Path));
        Assert.Contains("Evidence:AnchorKeys", result.Missing.Single().Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_latest_alone_is_checked_with_its_link_and_what_it_covers()
    {
        await using var locker = SealedLocker.Filled();
        locker.Bench.Write("attestations/a.json", "A");
        var result = await locker.CheckAsync(index: false, latest: true);
        Assert.Empty(SealedLocker.Problems(result));
        Assert.Equal([("content", 1), ("anchors", 1), ("anchored", 1)], result.Evidence!.Checks.Select(check => (check.Check, check.Checked)));

        locker.Bench.Write("sboms/c.json", "C");
        File.AppendAllText(Path.Combine(locker.Bench.Source, "anchors/000001.json"), "\n");
        Assert.Equal(2, SealedLocker.Problems(await locker.CheckAsync(index: false, latest: true)).Count);
    }

    /// <summary>Whoever deletes all anchors takes with them what every artifact has to be.</summary>
    [Fact]
    public async Task Anchors_that_are_all_gone_are_missed_where_keys_are_configured_for_them()
    {
        await using var locker = SealedLocker.Filled();
        Directory.Delete(Path.Combine(locker.Bench.Source, "anchors"), recursive: true);
        var result = await locker.CheckAsync();
        Assert.Equal((Outcome.Incomplete, "anchors"), (result.Outcome, result.Missing.Single().Path));
        Assert.Equal("there is no anchor in anchors/", result.Missing.Single().Reason);
    }

    [Fact]
    public async Task A_locker_without_anchors_has_nothing_to_verify()
    {
        await using var locker = new SealedLocker(trusting: false);
        locker.Add("vex/a.json", "a");
        locker.Index();
        Assert.Equal(Outcome.Complete, (await locker.CheckAsync()).Outcome);
        TaskResult anchors = await locker.CheckAsync(index: false);
        Assert.Equal("there is no anchor in anchors/", anchors.Missing.Single().Reason);
    }

    [Fact]
    public async Task Names_that_sha256sum_escapes_are_read_as_it_wrote_them()
    {
        await using var locker = new SealedLocker(trusting: false);
        locker.Bench.Write("sboms/back\\slash\nand line.json", "x");
        (await Testing.Machine.Processes.RunAsync("/bin/sh", ["-ec", "mkdir anchors; sha256sum sboms/* >anchors/000001.sha256"], workingDirectory: locker.Bench.Source, cancellationToken: TestContext.Current.CancellationToken)).Checked();
        var list = await Anchors.AnchorList.ReadAsync(Path.Combine(locker.Bench.Source, "anchors/000001.sha256"), TestContext.Current.CancellationToken);
        Assert.Equal("sboms/back\\slash\nand line.json", list.Artifacts.Single().Path);
    }
}

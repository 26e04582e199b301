using StellaOps.Backup.EndToEnd.Tests.Stack;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.EndToEnd.Tests;

/// <summary>The evidence locker is gone: three commands bring it back, and its index and anchors say so.</summary>
public sealed class LostLockerTests(LocalStack stack)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task A_lost_locker_comes_back_with_its_index_and_its_anchors()
    {
        var locker = stack.Platform.DirectoryOf("evidence");
        await stack.Stella.OkAsync("evidence index rebuild", Token); // Other tests may have added files.
        await stack.Stella.OkAsync("evidence verify --mode full", Token);
        await stack.Stella.OkAsync("backup create --type evidence --name before-loss", Token);
        var before = await TreePrint.OfAsync(locker, Token);
        await stack.Stella.OkAsync("service stop --service api,release-orchestrator", Token);
        try
        {
            Directory.Delete(locker, recursive: true);
            await stack.Stella.RefusedAsync(10, "evidence verify --mode quick", Token);
            await stack.Stella.OkAsync("backup restore --type evidence --name before-loss --confirm", Token);
            Assert.Equal(before, await TreePrint.OfAsync(locker, Token));

            // The index is lost, too, or the backup's is not to be relied on: it follows from the artifacts.
            File.Delete(Path.Combine(locker, "index.json"));
            await stack.Stella.RefusedAsync(24, "evidence verify --mode quick", Token);
            await stack.Stella.OkAsync("evidence index rebuild", Token);
            Assert.Equal(Digests(before), Digests(await TreePrint.OfAsync(locker, Token)));
            await stack.Stella.OkAsync("evidence anchor verify --all", Token);
            await stack.Stella.OkAsync("evidence verify --mode full", Token);
            (await Processes.RunAsync("bash", ["-ec", "cat anchors/*.sha256 | sha256sum --check --quiet"], workingDirectory: locker, cancellationToken: Token)).Checked();
        }
        finally
        {
            await stack.Stella.OkAsync("service start --service api,release-orchestrator", Token);
        }
    }

    [Fact(Explicit = true)]
    public async Task Missing_altered_and_broken_evidence_is_named_with_the_status_of_damage()
    {
        var locker = stack.Platform.DirectoryOf("evidence");
        var kept = stack.Scratch("kept-evidence");
        (await Processes.RunAsync("cp", ["-a", "-T", locker, kept], cancellationToken: Token)).Checked();
        try
        {
            File.Delete(Path.Combine(locker, "sboms/sbo-0014.cdx.json"));
            await File.AppendAllTextAsync(Path.Combine(locker, "vex/vex-0005.openvex.json"), " ", Token);
            File.Delete(Path.Combine(locker, "anchors/000002.json"));
            var result = await stack.Stella.RunAsync("evidence verify --mode full", Token);
            Assert.Equal(20, result.ExitCode);
            Assert.Contains("index: problem: sboms/sbo-0014.cdx.json: missing", result.Output, StringComparison.Ordinal);
            Assert.Contains("anchored: problem: vex/vex-0005.openvex.json: altered", result.Output, StringComparison.Ordinal);
            Assert.Contains("anchors: problem: anchors/000002.json: missing", result.Output, StringComparison.Ordinal);
            await stack.Stella.RefusedAsync(20, "evidence anchor verify --all", Token);
        }
        finally
        {
            (await Processes.RunAsync("cp", ["-a", "-T", kept, locker], cancellationToken: Token)).Checked();
        }
    }

    /// <summary>The second half of a print: a rebuilt index is a new file with the old bytes.</summary>
    private static string Digests(string print) => string.Join('\n', print.Split('\n').Where(line => line.Contains("  ./", StringComparison.Ordinal)));
}

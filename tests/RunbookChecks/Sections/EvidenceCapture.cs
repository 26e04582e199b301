using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.RunbookChecks.Sections;

/// <summary>What is gathered for those who help from outside.</summary>
internal sealed class EvidenceCapture : Section
{
    private const string Planted = "pl4ntedS3cretValue0123";

    public override string Id => "Capture";

    public override async Task RunAsync(Desk desk, CancellationToken cancellationToken)
    {
        var folder = desk.Stack.Scratch("diagnostics");
        desk.Fill["/tmp/"] = $"{folder}/";
        await desk.Stella.OkAsync("backup create --type config --name for-diagnostics", cancellationToken);
        await desk.Stella.OkAsync($"backup log-verification --name for-diagnostics --result failure --note password={Planted}", cancellationToken);

        await desk.TypeAsync("stella backup diagnostics --output /tmp/backup-diag-$(date +%Y%m%dT%H%M%S).tar.gz", async _ =>
        {
            var archive = Assert.Single(Directory.GetFiles(folder));
            Assert.Matches("backup-diag-[0-9]{8}T[0-9]{6}.tar.gz$", archive);
            var unpacked = desk.Stack.Scratch("unpacked-diagnostics");
            (await Processes.RunAsync("tar", ["-xzf", archive, "-C", unpacked], cancellationToken: cancellationToken)).Checked();
            var files = Directory.GetFiles(unpacked, "*", SearchOption.AllDirectories);
            Assert.Superset(
                new HashSet<string?> { "coordinator.json", "doctor.json", "health.json", "status.json", "points.ndjson", "operations.ndjson", "log.ndjson", "metrics.txt" },
                files.Select(Path.GetFileName).ToHashSet());
            var text = string.Concat(await Task.WhenAll(files.Select(file => File.ReadAllTextAsync(file, cancellationToken))));
            Assert.Contains("for-diagnostics", text, StringComparison.Ordinal);
            Assert.All(Secrets(desk), secret => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));
        }, cancellationToken);
    }

    private static IEnumerable<string> Secrets(Desk desk) => Directory.GetFiles(Path.Combine(desk.Stack.Data, "credentials"))
        .Select(file => File.ReadAllText(file).Trim())
        .Append(File.ReadAllText(desk.Stack.Environment["STELLA_CUSTODIAN_IDENTITY"]).Trim().Split('\n')[^1])
        .Append(desk.Deployment.BucketSecret)
        .Append(Planted)
        .Where(secret => secret.Length > 0);
}

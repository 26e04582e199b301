using StellaOps.Backup.Contracts;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.RunbookChecks.Sections;

/// <summary>Create a backup by hand, and copy it offsite.</summary>
internal sealed class CreateBackup : Section
{
    private const string Bucket = "backup-bucket";

    public override string Id => "SP-001";

    public override async Task RunAsync(Desk desk, CancellationToken cancellationToken)
    {
        await desk.Deployment.BucketAsync(Bucket, cancellationToken);
        var name = "";

        await desk.TypeAsync("stella backup create --full --name \"pre-upgrade-$(date +%Y%m%d)\"", async _ =>
        {
            name = (await desk.PointsAsync("", cancellationToken))[0].Name;
            Assert.Matches("^pre-upgrade-[0-9]{8}$", name);
            await Looks.HoldsAsync(desk, name, Components.All, cancellationToken);
        }, cancellationToken);
        await desk.TypeAsync("stella backup create --type database --name \"db-pre-migration\"",
            _ => Looks.HoldsAsync(desk, "db-pre-migration", [Component.Database], cancellationToken), cancellationToken);
        await desk.TypeAsync("stella backup create --type evidence --name \"evidence-snapshot\"",
            _ => Looks.HoldsAsync(desk, "evidence-snapshot", [Component.Evidence], cancellationToken), cancellationToken);
        await desk.TypeAsync("stella backup create --type config --name \"config-backup\"",
            _ => Looks.HoldsAsync(desk, "config-backup", [Component.Config], cancellationToken), cancellationToken);
        await desk.TypeAsync("stella backup verify --name \"pre-upgrade-$(date +%Y%m%d)\"",
            _ => Looks.ProofAsync(desk, name, "verified", cancellationToken), cancellationToken);
        await desk.TypeAsync("stella backup copy --name \"pre-upgrade-$(date +%Y%m%d)\" --destination s3://backup-bucket/",
            _ => ArchivedAsync(desk, name, cancellationToken), cancellationToken);
    }

    private static async Task ArchivedAsync(Desk desk, string name, CancellationToken cancellationToken)
    {
        var objects = await desk.Deployment.ObjectsAsync(Bucket, cancellationToken);
        var archive = Assert.Single(objects, found => found.Key == $"{name}.tar.gz");
        Assert.Equal(archive.Size, Assert.Single(objects, found => found.Key == "latest-full.tar.gz").Size);
        var folder = desk.Stack.Scratch("downloaded");
        var (own, latest) = (Path.Combine(folder, "own.tar.gz"), Path.Combine(folder, "latest.tar.gz"));
        await desk.Deployment.DownloadAsync(Bucket, archive.Key, own, cancellationToken);
        await desk.Deployment.DownloadAsync(Bucket, "latest-full.tar.gz", latest, cancellationToken);
        (await Processes.RunAsync("cmp", [own, latest], cancellationToken: cancellationToken)).Checked();
        var files = (await Processes.RunAsync("tar", ["-tzf", own], cancellationToken: cancellationToken)).Checked().Output.Split('\n');
        Assert.All(Components.All, component => Assert.Contains($"{component.Name()}/config", files));
    }
}

using System.Security.Cryptography;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.RunbookChecks.Sections;

/// <summary>The location is full to the last byte.</summary>
internal sealed class StorageFull : Section
{
    private const int Large = 4 << 20, Small = 1 << 20;
    private const string Bucket = "archive-bucket";

    public override string Id => "INC-003";

    public override bool WantsPast => true;

    public override bool WantsSmallDisk => true;

    public override async Task RunAsync(Desk desk, CancellationToken cancellationToken)
    {
        await desk.Deployment.BucketAsync(Bucket, cancellationToken);
        for (var i = 1; i <= 5; i++)
        {
            await ChangeAsync(desk, Large, cancellationToken);
            await desk.Stella.OkAsync($"backup create --type config --name settings-{i}", cancellationToken);
        }

        await ChangeAsync(desk, Small, cancellationToken);
        await desk.Deployment.Disk.FillAsync(cancellationToken);
        await desk.Stella.RefusedAsync(22, "backup create --type config --name refused", cancellationToken);
        await EmptyAsync(desk, cancellationToken);

        desk.Deployment.Disk.Free();
        await desk.TypeAsync("stella backup retention set --type database --days 14", _ => Looks.KeptDaysAsync(desk, Component.Database, 14, cancellationToken), cancellationToken);
        var before = await desk.PointsAsync("", cancellationToken);
        await desk.TypeAsync("stella backup retention apply", typed => Looks.Decided(typed, before), cancellationToken);
        await ArchiveAsync(desk, cancellationToken);
    }

    private static async Task EmptyAsync(Desk desk, CancellationToken cancellationToken)
    {
        await desk.TypeAsync("stella backup storage stats", async _ =>
        {
            var storage = await desk.Stella.JsonAsync<StorageView>("backup storage stats", cancellationToken);
            Assert.InRange(storage.FreeBytes!.Value, 0, Small);
            Assert.All(Components.All, component => Assert.Equal(Looks.BytesOf(desk, component.Name()), storage.Usage.Single(usage => usage.Name == component.Name()).Bytes));
        }, cancellationToken);

        var pinned = (await desk.PointsAsync(" --protected", cancellationToken)).Select(point => point.Name).ToList();
        Assert.Contains(Past.Audited, pinned);
        await desk.TypeAsync("stella backup cleanup --keep-last 3", async _ =>
        {
            var left = (await desk.PointsAsync(" --type config", cancellationToken)).Select(point => point.Name).ToList();
            Assert.Superset(new HashSet<string> { "settings-5", "settings-4", "settings-3", Past.Audited, Past.Small }, left.ToHashSet());
            Assert.Empty(left.Intersect(["settings-2", "settings-1", Past.Full]));
            await desk.Stella.OkAsync("backup create --type config --name has-room", cancellationToken);
            foreach (var point in await desk.PointsAsync("", cancellationToken))
            {
                await desk.Stella.OkAsync($"backup verify --name {point.Name}", cancellationToken);
            }
        }, cancellationToken);

        await desk.Stella.OkAsync($"backup unpin --name {Past.Small}", cancellationToken);
        await desk.TypeAsync("stella backup delete --older-than 14d --confirm", async _ =>
        {
            await Looks.GoneAsync(desk, Past.Small, cancellationToken);
            await Looks.HoldsAsync(desk, Past.Audited, Components.All, cancellationToken);
        }, cancellationToken);
    }

    private static async Task ArchiveAsync(Desk desk, CancellationToken cancellationToken)
    {
        await desk.Stella.OkAsync($"backup unpin --name {Past.Audited}", cancellationToken);
        await desk.TypeAsync("stella backup archive --older-than 30d --destination s3://archive-bucket/", async _ =>
        {
            Assert.Contains(await desk.Deployment.ObjectsAsync(Bucket, cancellationToken), found => found.Key == $"{Past.Audited}.tar.gz");
            Assert.Contains("s3://archive-bucket", await desk.Stella.OkAsync($"backup info --name {Past.Audited}", cancellationToken), StringComparison.Ordinal);
            var target = Path.Combine(desk.Stack.Scratch("from-archive"), "audited");
            await desk.Stella.OkAsync($"backup restore --name {Past.Audited} --type config --target {target} --confirm", cancellationToken);
            Assert.True(File.Exists($"{target}{desk.Platform.DirectoryOf("config")}/old.yaml"));
        }, cancellationToken);
    }

    private static Task ChangeAsync(Desk desk, int bytes, CancellationToken cancellationToken) =>
        File.WriteAllBytesAsync(Path.Combine(desk.Platform.DirectoryOf("config"), "blob.bin"), RandomNumberGenerator.GetBytes(bytes), cancellationToken);
}

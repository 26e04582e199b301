namespace StellaOps.Backup.RunbookChecks.Sections;

/// <summary>The whole system is lost. What is left: an archive in a bucket, the passwords, and a custodian's identity.</summary>
internal sealed class SystemLoss : Section
{
    private const string Bucket = "backup-bucket", Point = "before-loss";

    public override string Id => "DR-001";

    public override async Task RunAsync(Desk desk, CancellationToken cancellationToken)
    {
        await desk.Deployment.BucketAsync(Bucket, cancellationToken);
        await desk.Platform.SqlAsync("CREATE TABLE public.before_the_loss AS SELECT generate_series(1, 1000) AS number", cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(desk.Platform.DirectoryOf("config"), "before-the-loss.yaml"), "lost: false\n", cancellationToken);
        await desk.Stella.OkAsync($"backup create --full --name {Point}", cancellationToken);
        await desk.Stella.OkAsync($"backup copy --name {Point} --destination s3://{Bucket}/", cancellationToken);
        var (dump, files) = (await desk.Platform.DumpAsync(cancellationToken), await desk.Platform.FilesAsync(cancellationToken));

        // What is installed again is the release that there was: its migrations come with it, and not from the backup.
        var release = Path.Combine(desk.Stack.Data, "platform", "migrations.tsv");
        var migrations = await File.ReadAllTextAsync(release, cancellationToken);
        await desk.Deployment.LoseAsync(cancellationToken);
        await File.WriteAllTextAsync(release, migrations, cancellationToken);
        Assert.Empty(await desk.PointsAsync("", cancellationToken));
        Assert.DoesNotContain("before_the_loss", await desk.Platform.DumpAsync(cancellationToken), StringComparison.Ordinal);
        Assert.NotEqual(files, await desk.Platform.FilesAsync(cancellationToken));
        await desk.Stella.OkAsync("service stop --all", cancellationToken);

        await desk.TypeAsync("stella backup restore --source s3://backup-bucket/latest-full.tar.gz --confirm", async _ =>
        {
            Assert.Equal(files, await desk.Platform.FilesAsync(cancellationToken));
            await desk.Stella.OkAsync("service start --all", cancellationToken);
            Assert.Equal(dump, await desk.Platform.DumpAsync(cancellationToken));
            await Looks.HealthyAsync(desk, cancellationToken);
        }, cancellationToken);
    }
}

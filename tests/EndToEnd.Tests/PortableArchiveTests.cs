using StellaOps.Backup.EndToEnd.Tests.Stack;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Programs;
using StellaOps.Backup.Testing.S3;

namespace StellaOps.Backup.EndToEnd.Tests;

/// <summary>Recovery points in one file, and back from it.</summary>
public sealed class PortableArchiveTests(LocalStack stack)
{
    private const string Latest = "latest-full.tar.gz";

    private static readonly string[] Repositories = ["database", "evidence", "config", "secrets", "keys"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task A_copy_is_one_file_that_tar_restic_and_a_restore_open()
    {
        var offsite = stack.Scratch("offsite");
        await stack.Stella.OkAsync("backup create --full --name to-copy", Token);
        await stack.Stella.OkAsync($"backup copy --name to-copy --destination {offsite}", Token);
        await stack.Stella.OkAsync("backup create --type config --name config-only", Token);
        await stack.Stella.OkAsync($"backup copy --name config-only --destination {offsite}", Token);
        Assert.Equal(["config-only.tar.gz", Latest, "to-copy.tar.gz"], Directory.GetFiles(offsite).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(stack.Location, "exchange")));

        // Only the archive of the full point became the latest one, and it is nobody's second copy.
        var unpacked = stack.Scratch("unpacked");
        (await Processes.RunAsync("tar", ["-xzf", Path.Combine(offsite, Latest), "-C", unpacked], cancellationToken: Token)).Checked();
        foreach (var component in Repositories)
        {
            var password = (await File.ReadAllTextAsync(stack.Environment[$"STELLA_PASSWORD_FILE_{component.ToUpperInvariant()}"], Token)).Trim();
            await new ResticProgram(Path.Combine(unpacked, component), password).RunAsync(["check", "--read-data"], Token);
        }

        var target = stack.Scratch("from-archive");
        await stack.Stella.OkAsync($"backup restore --source {offsite}/{Latest} --type evidence,config,secrets,keys --target {target} --confirm", Token);
        Assert.Equal(await TreePrint.OfAsync(stack.Platform.DirectoryOf("evidence"), Token), await TreePrint.OfAsync(Path.Combine(target, "evidence"), Token));
        foreach (var component in (string[])["config", "secrets", "keys"])
        {
            var live = stack.Platform.DirectoryOf(component);
            Assert.Equal(await TreePrint.OfAsync(live, Token), await TreePrint.OfAsync($"{target}/{component}{live}", Token));
        }

        await stack.Stella.RefusedAsync(4, $"backup restore --source {offsite}/none.tar.gz --dry-run", Token);
        await stack.Stella.RefusedAsync(2, $"backup copy --name to-copy --destination ftp://{offsite}", Token);
        await using (var damaged = File.OpenWrite(Path.Combine(offsite, "config-only.tar.gz")))
        {
            damaged.SetLength(damaged.Length - 1);
        }

        await stack.Stella.RefusedAsync(20, $"backup restore --source {offsite}/config-only.tar.gz --dry-run", Token);
    }

    [Fact(Explicit = true)]
    public async Task An_archived_point_leaves_the_location_stays_listed_and_comes_back_from_its_archive()
    {
        var cold = stack.Scratch("cold");
        await File.WriteAllTextAsync(Path.Combine(stack.Platform.DirectoryOf("config"), "archived.yaml"), "archived: true\n", Token);
        await stack.Stella.OkAsync("backup create --full --name to-archive", Token);
        var wanted = await TreePrint.OfAsync(stack.Platform.DirectoryOf("config"), Token);
        await File.WriteAllTextAsync(Path.Combine(stack.Platform.DirectoryOf("config"), "archived.yaml"), "archived: later\n", Token);
        await stack.Stella.RefusedAsync(5, $"backup archive --name to-archive --destination {cold}", Token);
        await stack.Stella.OkAsync("backup create --full --name later", Token);
        var before = Snapshots("config");

        await stack.Stella.OkAsync($"backup archive --name to-archive --destination {cold}", Token);

        var archive = Path.Combine(cold, "to-archive.tar.gz");
        Assert.Equal([archive], Directory.GetFiles(cold));
        Assert.Contains(archive, await stack.Stella.OkAsync("backup list", Token), StringComparison.Ordinal);
        Assert.Equal(before - 1, Snapshots("config"));
        await stack.Stella.OkAsync("backup verify --name to-archive", Token);
        await stack.Stella.RefusedAsync(5, "backup test-restore --name to-archive", Token);
        await stack.Stella.OkAsync("backup verify --name later", Token);
        var target = stack.Scratch("from-cold");
        await stack.Stella.OkAsync($"backup restore --name to-archive --type config --target {target} --confirm", Token);
        Assert.Equal(wanted, await TreePrint.OfAsync($"{target}{stack.Platform.DirectoryOf("config")}", Token));

        await stack.Stella.OkAsync("backup delete --name to-archive --confirm", Token);
        Assert.DoesNotContain("to-archive", await stack.Stella.OkAsync("backup list", Token), StringComparison.Ordinal);
        await stack.Stella.OkAsync($"backup restore --source {archive} --type config --target {stack.Scratch("from-cold-again")} --dry-run", Token);
    }

    /// <summary>Minutes, and a stack that is another one afterwards: only when it is asked for (<c>--explicit only</c>).</summary>
    [Fact(Explicit = true)]
    public async Task After_a_total_loss_an_archive_in_a_bucket_and_the_passwords_bring_all_back()
    {
        await using var s3 = new S3Fixture();
        await s3.InitializeAsync();
        var bucket = await s3.CreateBucketAsync(cancellationToken: Token);
        var settings = new Dictionary<string, string?> { ["STELLAOPS_BACKUP__Location__ArchiveCredentialsFile"] = s3.CredentialsFile };
        await stack.RestartAsync(settings, Token);
        await stack.Platform.SqlAsync("CREATE TABLE public.before_the_archive AS SELECT generate_series(1, 1000) AS number", Token);
        await File.WriteAllTextAsync(Path.Combine(stack.Platform.DirectoryOf("evidence"), "before-the-loss.json"), "{}", Token);
        await File.WriteAllTextAsync(Path.Combine(stack.Platform.DirectoryOf("config"), "before-the-loss.yaml"), "lost: false\n", Token);
        await stack.Stella.OkAsync("backup create --full --name before-the-loss", Token);
        await stack.Stella.OkAsync($"backup copy --name before-the-loss --destination {s3.Url(bucket)}", Token);
        var (dump, files) = (await stack.Platform.DumpAsync(Token), await stack.Platform.FilesAsync(Token));

        await stack.LoseAsync(settings, Token);
        Assert.DoesNotContain("before_the_archive", await stack.Platform.DumpAsync(Token), StringComparison.Ordinal);
        Assert.NotEqual(files, await stack.Platform.FilesAsync(Token));
        Assert.Contains("no recovery points", await stack.Stella.OkAsync("backup list", Token), StringComparison.Ordinal);
        await stack.Stella.OkAsync("service stop --all", Token);
        await stack.Stella.OkAsync($"backup restore --source {s3.Url(bucket, Latest)} --confirm", Token);
        await stack.Stella.OkAsync("service start --all", Token);
        Assert.Equal(dump, await stack.Platform.DumpAsync(Token));
        Assert.Equal(files, await stack.Platform.FilesAsync(Token));
    }

    private int Snapshots(string component) => Directory.GetFiles(Path.Combine(stack.Location, component, "snapshots")).Length;
}

using System.Security.Cryptography;
using StellaOps.Backup.Repository.Archive;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Pruning;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Files;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.S3;

namespace StellaOps.Backup.Repository.Tests.Stores;

public sealed class S3EndToEndTests(S3Fixture server) : IClassFixture<S3Fixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_repository_in_a_bucket_is_made_filled_verified_pruned_restored_and_read_by_restic()
    {
        using var directory = new TemporaryDirectory();
        var source = directory["source"];
        WriteFiles(source);
        var bucket = await server.CreateBucketAsync(cancellationToken: Cancellation);
        await using var store = ObjectStoreFactory.Open(server.Location(bucket, "stella/evidence"));
        var options = TestRepositories.Cheap with { PackTarget = 4 << 20 };
        var request = new ArchiveRequest { Paths = [source], Hostname = "tests" };
        await using (var repository = await TestRepositories.InitAsync(store, options))
        {
            var first = await new Archiver(repository, TimeProvider.System).RunAsync(new LocalFileSource([source]), request, Cancellation);
            File.WriteAllBytes($"{source}/changed", RandomNumberGenerator.GetBytes(100_000));
            File.Delete($"{source}/large");
            await new Archiver(repository, TimeProvider.System).RunAsync(new LocalFileSource([source]), request with { Parent = first.Snapshot }, Cancellation);
            await repository.Forgotten.ForgetAsync([first.Snapshot.Id], TimeSpan.Zero, Cancellation);
            await repository.PruneAsync(new PruneOptions { Grace = TimeSpan.Zero, MaxUnused = 0 }, Cancellation);
        }

        await using (var opened = await TestRepositories.OpenAsync(store, options))
        {
            Assert.Empty((await opened.VerifyAsync(new VerifyRequest(), Cancellation)).Damages);
            var snapshot = Assert.Single(await opened.ListSnapshotsAsync(Cancellation).ToListAsync(Cancellation));
            await new Restorer(opened).RunAsync(new RestoreRequest { Snapshot = snapshot, Subtree = source, TargetDirectory = directory["target"] }, Cancellation);
            Assert.Empty(await TreeComparer.DifferencesAsync(source, directory["target"], cancellationToken: Cancellation));
            Assert.Empty(await store.ListAsync("locks/", Cancellation).ToListAsync(Cancellation));
        }

        await ResticAsync(bucket, "check", "--read-data");
        await ResticAsync(bucket, "restore", "latest", "--target", directory["restic"]);
        Assert.Empty(await TreeComparer.DifferencesAsync(source, directory["restic" + source], cancellationToken: Cancellation));
    }

    private async Task ResticAsync(string bucket, params string[] arguments) => (await Processes.RunAsync(
        "restic", ["--no-cache", "-r", $"s3:{server.Endpoint.GetLeftPart(UriPartial.Authority)}/{bucket}/stella/evidence", .. arguments],
        new Dictionary<string, string?>
        {
            ["AWS_ACCESS_KEY_ID"] = server.AccessKey,
            ["AWS_SECRET_ACCESS_KEY"] = server.SecretKey,
            ["RESTIC_PASSWORD"] = TestRepositories.Password,
        },
        cancellationToken: Cancellation)).Checked();

    private static void WriteFiles(string source)
    {
        for (var i = 0; i < 40; i++)
        {
            Directory.CreateDirectory($"{source}/d{i % 5}");
            File.WriteAllBytes($"{source}/d{i % 5}/{i}", TestRepositories.Content(i, 1000 * i));
        }

        File.WriteAllBytes($"{source}/large", TestRepositories.Content(1, 12_000_000));
    }
}

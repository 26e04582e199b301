using System.Security.Cryptography;
using StellaOps.Backup.Repository.Archive;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Pruning;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Azurite;
using StellaOps.Backup.Testing.Files;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Repository.Tests.Stores;

public sealed class AzureBlobEndToEndTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_repository_in_a_container_is_made_filled_verified_pruned_and_restored()
    {
        using var directory = new TemporaryDirectory();
        var source = directory["source"];
        WriteFiles(source);
        var settings = new LocationSettings
        {
            Url = $"azblob://{(await azurite.CreateContainerAsync(Cancellation)).Name}/evidence?endpoint={azurite.Endpoint}",
            CredentialsFile = directory["credentials"],
        };
        File.WriteAllText(settings.CredentialsFile, azurite.ConnectionString);

        await using var store = ObjectStoreFactory.Open(settings);
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

        await using var opened = await TestRepositories.OpenAsync(store, options);
        Assert.Empty((await opened.VerifyAsync(new VerifyRequest(), Cancellation)).Damages);
        var snapshot = Assert.Single(await opened.ListSnapshotsAsync(Cancellation).ToListAsync(Cancellation));
        await new Restorer(opened).RunAsync(new RestoreRequest { Snapshot = snapshot, Subtree = source, TargetDirectory = directory["target"] }, Cancellation);
        Assert.Empty(await TreeComparer.DifferencesAsync(source, directory["target"], cancellationToken: Cancellation));
        Assert.Empty(await store.ListAsync("locks/", Cancellation).ToListAsync(Cancellation));
    }

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

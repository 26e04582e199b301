using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Exporting;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Programs;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Exporting;

public sealed class RepositoryExportTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_files_of_an_export_are_a_repository_of_the_wanted_snapshot_alone_also_to_restic()
    {
        var store = new MemoryStore();
        await using var source = await TestRepositories.InitAsync(store);
        await TestRepositories.BackUpAsync(source, Contents(1, 20));
        var wanted = await TestRepositories.BackUpAsync(source, Contents(5, 12));
        await TestRepositories.BackUpAsync(source, Contents(40, 20));
        using var directory = new TemporaryDirectory();
        var copy = new LocalObjectStore(directory["repository"]);
        var files = await ExportAsync(source, store, wanted.Id, copy);

        Assert.True(files.Count(file => file.Key.StartsWith("data/", StringComparison.Ordinal)) < store.Under("data/").Count);
        await using var exported = await TestRepositories.OpenAsync(copy);
        Assert.Equal([wanted.Id], await exported.ListSnapshotsAsync(Token).Select(snapshot => snapshot.Id).ToListAsync(Token));
        var restic = new ResticProgram(directory["repository"], TestRepositories.Password);
        await restic.RunAsync(["check", "--read-data"], Token);
        await restic.RunAsync(["restore", "latest", "--target", directory["restored"]], Token);
        foreach (var (content, i) in Contents(5, 12).Select((content, i) => (content, i)))
        {
            Assert.Equal(content, await File.ReadAllBytesAsync(directory["restored", "data", $"{i:d5}"], Token));
        }
    }

    [Fact]
    public async Task A_pack_that_is_gone_is_said_before_anything_is_copied()
    {
        var store = new MemoryStore();
        await using var source = await TestRepositories.InitAsync(store);
        var wanted = await TestRepositories.BackUpAsync(source, Contents(1, 20));
        var exported = await new RepositoryExport(source).RunAsync([wanted.Id], new MemoryStore(), "index.", Token);
        await store.DeleteAsync(exported.Last(file => file.Key.StartsWith("data/", StringComparison.Ordinal)).Key, Token);
        var failure = await Assert.ThrowsAsync<RepositoryException>(() => new RepositoryExport(source).RunAsync([wanted.Id], new MemoryStore(), "index.", Token));
        Assert.Equal(RepositoryFailure.Damaged, failure.Failure);
        Assert.Empty(store.Under("locks/"));
    }

    /// <summary>As the second stage of a copy does it: by the list, without any password.</summary>
    private static async Task<IReadOnlyList<ExportedFile>> ExportAsync(ResticRepository source, MemoryStore store, BlobId snapshot, LocalObjectStore copy)
    {
        var indexes = new MemoryStore();
        var files = await new RepositoryExport(source).RunAsync([snapshot], indexes, "exchange/index.", Token);
        foreach (var file in files)
        {
            var content = file.Key.StartsWith("index/", StringComparison.Ordinal) ? indexes["exchange/index." + file.Sha256] : store[file.Key];
            Assert.Equal((file.Length, file.Sha256), (content.Length, BlobId.Of(content).ToString()));
            await copy.PutAsync(file.Key, content, PutMode.Create, Token);
        }

        return files;
    }

    private static List<byte[]> Contents(int first, int count) => [.. Enumerable.Range(first, count).Select(i => TestRepositories.Content(i, 9_000))];
}

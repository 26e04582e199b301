using System.Text;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Tests;

/// <summary>Small repositories: made without the archiver, so that each blob is known.</summary>
internal static class TestRepositories
{
    internal const string Password = "correct horse";

    internal static readonly RepositoryOptions Cheap = new()
    {
        Kdf = new KdfParameters(16, 8, 1),
        PackTarget = 32 << 10,
        Hostname = "tests",
        Username = "tester",
        LockSettle = TimeSpan.FromMilliseconds(5),
    };

    internal static async Task<ResticRepository> InitAsync(IObjectStore store, RepositoryOptions? options = null) =>
        await ResticRepository.InitAsync(store, Password, options ?? Cheap, TestContext.Current.CancellationToken);

    internal static async Task<ResticRepository> OpenAsync(IObjectStore store, RepositoryOptions? options = null)
    {
        var repository = await ResticRepository.OpenAsync(store, Password, options ?? Cheap, TestContext.Current.CancellationToken);
        await repository.LoadIndexAsync(TestContext.Current.CancellationToken);
        return repository;
    }

    /// <summary>Half text that compresses, half bytes that do not; the same for the same seed.</summary>
    internal static byte[] Content(int seed, int length)
    {
        var content = new byte[length];
        new Random(seed).NextBytes(content);
        if (seed % 2 == 0)
        {
            for (var i = 0; i < length; i++)
            {
                content[i] = (byte)('a' + content[i] % 4);
            }
        }

        return content;
    }

    /// <summary>Archives the contents as files 00000, 00001 … of the directory /data.</summary>
    internal static async Task<Snapshot> BackUpAsync(ResticRepository repository, IReadOnlyList<byte[]> contents)
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var writer = repository.CreateWriter();
        var nodes = new List<string>();
        for (var i = 0; i < contents.Count; i++)
        {
            var id = await writer.SaveAsync(BlobType.Data, contents[i], cancellation);
            nodes.Add(Node($"{i:d5}", "file", 0x1A4, $"\"size\":{contents[i].Length},\"content\":[\"{id}\"]"));
        }

        var directory = await writer.SaveAsync(BlobType.Tree, Tree(nodes), cancellation);
        var root = await writer.SaveAsync(BlobType.Tree, Tree([Node("data", "dir", 0x800001ED, $"\"content\":null,\"subtree\":\"{directory}\"")]), cancellation);
        await writer.FlushAsync(cancellation);
        var snapshot = new Snapshot { Time = repository.Options.Clock.GetUtcNow(), Tree = root, Paths = ["/data"], Hostname = "tests", Username = "tester", Tags = ["stella.point=1"] };
        return snapshot with { Id = await repository.SaveSnapshotAsync(snapshot, cancellation) };
    }

    private static byte[] Tree(IEnumerable<string> nodes) => Encoding.UTF8.GetBytes($"{{\"nodes\":[{string.Join(',', nodes)}]}}\n");

    private static string Node(string name, string type, uint mode, string rest) =>
        $"{{\"name\":\"{name}\",\"type\":\"{type}\",\"mode\":{mode},\"mtime\":\"2024-01-02T03:04:05Z\",\"atime\":\"2024-01-02T03:04:05Z\",\"ctime\":\"2024-01-02T03:04:05Z\",\"uid\":0,\"gid\":0,{rest}}}";
}

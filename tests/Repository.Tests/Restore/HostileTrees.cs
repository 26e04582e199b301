using System.Text;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Snapshots;

namespace StellaOps.Backup.Repository.Tests.Restore;

/// <summary>Snapshots that no honest archiver would write.</summary>
internal static class HostileTrees
{
    internal const string Times =
        "\"mode\":420,\"mtime\":\"2024-01-02T03:04:05Z\",\"atime\":\"2024-01-02T03:04:05Z\",\"ctime\":\"2024-01-02T03:04:05Z\",\"uid\":0,\"gid\":0";

    internal static async Task<Snapshot> SaveAsync(ResticRepository repository, params string[] nodes)
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var writer = repository.CreateWriter();
        var root = await writer.SaveAsync(BlobType.Tree, Encoding.UTF8.GetBytes($"{{\"nodes\":[{string.Join(',', nodes)}]}}\n"), cancellation);
        await writer.FlushAsync(cancellation);
        return new Snapshot { Time = DateTimeOffset.UnixEpoch, Tree = root, Paths = ["/"] };
    }
}

using System.Collections.Immutable;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Tests.Models;

/// <summary>
/// What a snapshot has to hold: files by path. Contents are rows of blocks out of few, each of which becomes a blob, so that files
/// and versions of the tree share most of their blobs.
/// </summary>
internal sealed record ModelTree(ImmutableSortedDictionary<string, ModelFile> Files)
{
    internal const int BlockLength = 600;

    private const int Blocks = 60, LongestFile = 7;
    private static readonly string[] Folders = ["", "d1/", "d1/d2/", "d3/", "d4/d5/"];

    internal static ModelTree Empty { get; } = new(ImmutableSortedDictionary.Create<string, ModelFile>(StringComparer.Ordinal));

    /// <summary>A tree with some files written, replaced and removed.</summary>
    internal ModelTree Changed(Random random, int changes, int version)
    {
        var files = Files;
        for (var i = 0; i < changes; i++)
        {
            var path = $"{Folders[random.Next(Folders.Length)]}f{random.Next(4)}";
            files = random.Next(4) == 0 ? files.Remove(path) : files.SetItem(path, new ModelFile(RandomContent(random), version));
        }

        return new ModelTree(files);
    }

    /// <summary>What a snapshot holds, read blob by blob.</summary>
    internal static async Task<ModelTree> ReadAsync(ResticRepository repository, Snapshot snapshot, CancellationToken cancellationToken)
    {
        var files = Empty.Files.ToBuilder();
        await foreach (var (path, node) in new TreeReader(repository.Blobs).WalkAsync(snapshot.Tree, cancellationToken))
        {
            if (node.Type == NodeType.File)
            {
                var content = new MemoryStream();
                foreach (var id in node.Content)
                {
                    using var blob = await repository.Blobs.ReadAsync(BlobType.Data, id, cancellationToken);
                    content.Write(blob.Memory.Span);
                }

                Assert.Equal(node.Size, content.Length);
                files[path[1..]] = new ModelFile(content.ToArray(), (int)node.Metadata.Modified.Seconds);
            }
        }

        return new ModelTree(files.ToImmutable());
    }

    public bool Equals(ModelTree? other) => other is not null && Files.SequenceEqual(other.Files);

    public override int GetHashCode() => Files.Count;

    public override string ToString() => string.Join(' ', Files.Select(file => $"{file.Key}@{file.Value.Version}:{file.Value.Content.Length}"));

    private static byte[] RandomContent(Random random)
    {
        var content = new MemoryStream();
        for (var i = random.Next(LongestFile + 1); i > 0; i--)
        {
            content.Write(TestRepositories.Content(random.Next(Blocks), BlockLength));
        }

        content.SetLength(Math.Max(0, content.Length - random.Next(3)));
        return content.ToArray();
    }
}

/// <summary>A file, and the second at which it was written.</summary>
internal sealed record ModelFile(byte[] Content, int Version)
{
    public bool Equals(ModelFile? other) => other is not null && Version == other.Version && Content.AsSpan().SequenceEqual(other.Content);

    public override int GetHashCode() => Version;
}

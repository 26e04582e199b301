using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;

namespace StellaOps.Backup.Repository.Tests.Models;

/// <summary>A model tree as files to be archived.</summary>
internal sealed class ModelSource(ModelTree tree) : IFileSource
{
    public SourceEntry Root { get; } = Directory("");

    public ValueTask<IReadOnlyList<SourceEntry>> ListAsync(SourceEntry directory, CancellationToken cancellationToken)
    {
        var prefix = (string)directory.Handle!;
        return ValueTask.FromResult<IReadOnlyList<SourceEntry>>(
        [
            .. tree.Files.Where(file => file.Key.StartsWith(prefix, StringComparison.Ordinal))
                .GroupBy(file => file.Key[prefix.Length..].Split('/')[0], StringComparer.Ordinal)
                .Select(group => tree.Files.TryGetValue(prefix + group.Key, out var file) ? File(prefix + group.Key, file) : Directory($"{prefix}{group.Key}/")),
        ]);
    }

    public ValueTask<IFileContent> OpenAsync(SourceEntry file, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IFileContent>(new Content(file, tree.Files[(string)file.Handle!].Content));

    private static SourceEntry Directory(string path) => Entry(path, NodeType.Directory, 1, 0x1C0);

    private static SourceEntry File(string path, ModelFile file) =>
        Entry(path, NodeType.File, file.Version, 0x180) with { Size = file.Content.Length, Chunking = Chunking.Fixed(ModelTree.BlockLength) };

    private static SourceEntry Entry(string path, NodeType type, int seconds, uint permissions) => new()
    {
        Name = new EntryName(path.TrimEnd('/').Split('/')[^1]),
        Type = type,
        Metadata = new NodeMetadata
        {
            Permissions = permissions,
            Modified = new UnixTime(seconds, 0),
            Changed = new UnixTime(seconds, 0),
            UserId = Libc.EffectiveUserId(),
        },
        Handle = path,
    };

    private sealed class Content(SourceEntry entry, byte[] bytes) : IFileContent
    {
        private int _at;

        public ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
        {
            var length = Math.Min(destination.Length, bytes.Length - _at);
            bytes.AsMemory(_at, length).CopyTo(destination);
            _at += length;
            return ValueTask.FromResult(length);
        }

        public ValueTask<(SourceEntry Entry, string? Warning)> CompleteAsync(CancellationToken cancellationToken) =>
            ValueTask.FromResult<(SourceEntry, string?)>((entry, null));

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

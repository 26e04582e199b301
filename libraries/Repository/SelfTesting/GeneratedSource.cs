using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.Repository.SelfTesting;

/// <summary>A directory of generated files. Its reads wait, as those of a disk or a connection do.</summary>
internal sealed class GeneratedSource(IReadOnlyList<GeneratedFile> files) : IFileSource
{
    private const uint FileMode = 0b110_000_000, DirectoryMode = 0b111_000_000;

    public SourceEntry Root { get; } = new()
    {
        Name = new EntryName("/"),
        Type = NodeType.Directory,
        Metadata = new NodeMetadata { Permissions = DirectoryMode, Modified = default },
    };

    public ValueTask<IReadOnlyList<SourceEntry>> ListAsync(SourceEntry directory, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<SourceEntry>>([.. files.Select(Entry)]);

    public ValueTask<IFileContent> OpenAsync(SourceEntry file, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IFileContent>(new Reading(file, ((GeneratedFile)file.Handle!).Content));

    private static SourceEntry Entry(GeneratedFile file) => new()
    {
        Name = new EntryName(file.Name),
        Type = NodeType.File,
        Metadata = new NodeMetadata { Permissions = FileMode, Modified = file.Changed, Changed = file.Changed },
        Size = file.Content.Length,
        Chunking = file.Chunking,
        Handle = file,
    };

    private sealed class Reading(SourceEntry file, byte[] content) : IFileContent
    {
        private int _position;

        public async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
        {
            await Task.Yield();
            var count = Math.Min(destination.Length, content.Length - _position);
            content.AsMemory(_position, count).CopyTo(destination);
            _position += count;
            return count;
        }

        public ValueTask<(SourceEntry Entry, string? Warning)> CompleteAsync(CancellationToken cancellationToken) =>
            ValueTask.FromResult<(SourceEntry, string?)>((file, null));

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

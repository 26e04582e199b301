using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.Repository.Tests.Archive;

/// <summary>One file that is cut at fixed places, and what is known of its changes.</summary>
internal sealed class PagedSource(byte[] listed, int cut, Func<long, long, bool>? mayDiffer) : IFileSource, IChangedParts
{
    private readonly SourceEntry _file = new()
    {
        Name = new EntryName("file"),
        Type = NodeType.File,
        Metadata = new NodeMetadata { Permissions = 0x180u, Modified = new UnixTime(1_000_000_000 + Random.Shared.Next(1_000_000), 0) },
        Size = listed.Length,
        Chunking = Chunking.Fixed(cut),
    };

    /// <summary>What the file holds when it is read; null for what it held when it was listed.</summary>
    public byte[]? Now { get; init; }

    /// <summary>Most bytes that a read gives.</summary>
    public int MostRead { get; init; } = int.MaxValue;

    /// <summary>Parts that were asked for; null when the whole file was.</summary>
    public IReadOnlyList<(long Offset, long Length)>? Parts { get; private set; }

    public bool OpenedWhole { get; private set; }

    public int UnchangedFiles { get; private set; }

    public SourceEntry Root { get; } = new() { Name = new EntryName("/"), Type = NodeType.Directory, Metadata = new NodeMetadata { Permissions = 0x1c0u, Modified = new UnixTime(1_000_000_000, 0) } };

    public bool MayDiffer(long offset, long length) => mayDiffer!(offset, length);

    public ValueTask<IReadOnlyList<SourceEntry>> ListAsync(SourceEntry directory, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<SourceEntry>>([_file with { Changes = mayDiffer is null ? null : this }]);

    public ValueTask<IFileContent> OpenAsync(SourceEntry file, CancellationToken cancellationToken)
    {
        OpenedWhole = true;
        return ValueTask.FromResult<IFileContent>(new Content(file, Now ?? listed, MostRead));
    }

    public ValueTask<IFileContent> OpenPartsAsync(SourceEntry file, IReadOnlyList<(long Offset, long Length)> parts, CancellationToken cancellationToken)
    {
        Parts = parts;
        var now = Now ?? listed;
        var content = new MemoryStream();
        foreach (var (offset, length) in parts)
        {
            var there = Math.Clamp(now.Length - offset, 0, length);
            content.Write(now, (int)Math.Min(offset, now.Length), (int)there);
            if (there < length)
            {
                break;
            }
        }

        return ValueTask.FromResult<IFileContent>(new Content(file, content.ToArray(), MostRead));
    }

    public void Unchanged(SourceEntry file) => UnchangedFiles++;

    private sealed class Content(SourceEntry entry, byte[] bytes, int mostRead) : IFileContent
    {
        private int _at;

        public ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
        {
            var length = Math.Min(Math.Min(destination.Length, mostRead), bytes.Length - _at);
            bytes.AsMemory(_at, length).CopyTo(destination);
            _at += length;
            return ValueTask.FromResult(length);
        }

        public ValueTask<(SourceEntry Entry, string? Warning)> CompleteAsync(CancellationToken cancellationToken) => ValueTask.FromResult((entry, (string?)null));

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

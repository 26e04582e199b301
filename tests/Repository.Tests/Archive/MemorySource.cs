using System.Collections.Concurrent;
using System.Text;
using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.Repository.Tests.Archive;

/// <summary>Files in memory, listed in the order in which they were given; a path without content is a directory.</summary>
internal sealed class MemorySource(params (string Path, string? Content)[] files) : IFileSource
{
    private int _opens;

    public ConcurrentQueue<string> Listed { get; } = [];

    public ConcurrentQueue<string> Opened { get; } = [];

    /// <summary>Called for each file; what it returns replaces the content.</summary>
    public Func<string, string?>? OnOpen { get; init; }

    public Action<string>? OnList { get; init; }

    /// <summary>Called with the number of opens so far; what it returns is the warning.</summary>
    public Func<int, string?>? OnComplete { get; init; }

    public SourceEntry Root { get; } = Entry("", NodeType.Directory);

    public ValueTask<IReadOnlyList<SourceEntry>> ListAsync(SourceEntry directory, CancellationToken cancellationToken)
    {
        var path = (string)directory.Handle!;
        Listed.Enqueue(path);
        OnList?.Invoke(path);
        var prefix = path.Length == 0 ? "" : path + "/";
        IReadOnlyList<SourceEntry> entries =
        [
            .. files.Where(file => file.Path.StartsWith(prefix, StringComparison.Ordinal))
                .Select(file => (Below: file.Path[prefix.Length..], file.Content))
                .GroupBy(file => file.Below.Split('/')[0], StringComparer.Ordinal)
                .Select(group => Entry(prefix + group.Key, group.Any(file => file.Below != group.Key || file.Content is null) ? NodeType.Directory : NodeType.File)),
        ];
        return ValueTask.FromResult(entries);
    }

    public ValueTask<IFileContent> OpenAsync(SourceEntry file, CancellationToken cancellationToken)
    {
        var path = (string)file.Handle!;
        Opened.Enqueue(path);
        var content = OnOpen?.Invoke(path) ?? files.Single(one => one.Path == path).Content!;
        return ValueTask.FromResult<IFileContent>(new Content(this, file, Encoding.UTF8.GetBytes(content), Interlocked.Increment(ref _opens)));
    }

    private static SourceEntry Entry(string path, NodeType type) => new()
    {
        Name = new EntryName(path.Split('/')[^1]),
        Type = type,
        Metadata = new NodeMetadata { Permissions = type == NodeType.Directory ? 0x1c0u : 0x180u, Modified = new UnixTime(1_000_000_000, 0) },
        Handle = path,
    };

    private sealed class Content(MemorySource source, SourceEntry entry, byte[] bytes, int opens) : IFileContent
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
            ValueTask.FromResult((entry, source.OnComplete?.Invoke(opens)));

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

using StellaOps.Backup.Repository.Files.Linux;

namespace StellaOps.Backup.Repository.Files;

/// <summary>
/// Files and directories of this machine. The snapshot holds them under their absolute paths, as <c>restic backup /a/b /c</c>
/// does: the root has a directory <c>a</c> with only <c>b</c> in it, and <c>c</c>.
/// </summary>
public sealed class LocalFileSource : IFileSource
{
    private readonly bool _oneFileSystem;
    private readonly ExcludePatterns _exclude;
    private readonly LocalEntryReader _entries = new();

    /// <summary>Names what is to be saved; nothing is read yet.</summary>
    /// <param name="absolutePaths">Paths of files and directories. One that is a symbolic link itself is followed.</param>
    /// <param name="options">What is left out; nothing when null.</param>
    /// <exception cref="ArgumentException">A path is not absolute, or has <c>.</c> or <c>..</c> in it.</exception>
    public LocalFileSource(IReadOnlyList<string> absolutePaths, LocalFileSourceOptions? options = null)
    {
        _oneFileSystem = options?.OneFileSystem ?? false;
        _exclude = new ExcludePatterns(options?.Exclude ?? []);
        Root = new SourceEntry
        {
            Name = new EntryName("/"),
            Type = NodeType.Directory,
            Metadata = new NodeMetadata { Permissions = 0x1ed, Modified = default },
            Handle = new LocalDirectory(BytePath.From("/"), default, null, WantedPaths.From(absolutePaths)),
        };
    }

    /// <inheritdoc/>
    public SourceEntry Root { get; }

    /// <summary>Lists a directory; of a large one in several calls, so that a file that is renamed meanwhile may be listed twice, and under one name.</summary>
    internal Func<OpenDirectory, IEnumerable<EntryName>> ReadNames { get; init; } = LocalDirectory.ReadNames;

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<SourceEntry>> ListAsync(SourceEntry directory, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(directory);
        var local = (LocalDirectory)directory.Handle!;
        IReadOnlyList<SourceEntry> entries = local.Wanted is { IsAll: false } wanted
            ? ListWanted(local, wanted, cancellationToken)
            : ListAll(local, cancellationToken);
        return ValueTask.FromResult(entries);
    }

    /// <inheritdoc/>
    public ValueTask<IFileContent> OpenAsync(SourceEntry file, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(file);
        return ValueTask.FromResult<IFileContent>(LocalFileContent.Open((LocalDirectory)file.Handle!, file, _entries));
    }

    private List<SourceEntry> ListWanted(LocalDirectory directory, WantedPaths wanted, CancellationToken cancellationToken)
    {
        var entries = new List<SourceEntry>();
        using var open = directory.Open();
        foreach (var (name, below) in wanted.Children)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var entry = _entries.TryRead(open, directory, new EntryName(name), follow: true, out var status)
                ?? LocalEntryReader.Failed(directory, new EntryName(name), "does not exist", vanished: false);
            entries.Add(entry is { Type: NodeType.Directory, Failure: null }
                ? entry with { Handle = directory.Child(entry.Name, status, null, below) }
                : entry);
        }

        return entries;
    }

    private List<SourceEntry> ListAll(LocalDirectory directory, CancellationToken cancellationToken)
    {
        using var open = directory.Open();
        if (!FileStatus.TryGet(open.Descriptor, out var self))
        {
            throw new SourceException($"cannot examine directory: {LinuxError.LastText}");
        }

        var topFileSystem = directory.TopFileSystem ?? self.FileSystem;
        if (_oneFileSystem && self.FileSystem != topFileSystem)
        {
            return [];
        }

        var path = _exclude.IsEmpty ? "" : directory.ToString();
        var entries = new List<SourceEntry>();
        foreach (var name in ReadNames(open).Distinct())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!_exclude.IsEmpty && _exclude.Matches(path, name.ToString()))
            {
                continue;
            }

            // What is gone between the listing and here was never there.
            if (_entries.TryRead(open, directory, name, follow: false, out var status) is { } entry)
            {
                entries.Add(entry is { Type: NodeType.Directory, Failure: null }
                    ? entry with { Handle = directory.Child(name, status, topFileSystem, null) }
                    : entry);
            }
        }

        return entries;
    }
}

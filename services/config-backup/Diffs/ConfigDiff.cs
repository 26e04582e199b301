using System.Security.Cryptography;
using System.Text;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Queries;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Trees;
using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Repositories;

namespace StellaOps.Backup.ConfigBackup.Diffs;

/// <summary>What differs between the configuration of two points: all entries, and the lines of small text files.</summary>
internal sealed class ConfigDiff(ComponentRepositories repositories)
{
    /// <summary>Larger files are not compared line by line, and much larger ones not read at all.</summary>
    private const long LargestText = 128 << 10, LargestHashed = 64 << 20;
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly List<DiffItem> _items = [];
    private long _added, _removed, _changed;
    private int _letters;

    public async Task<TaskResult> RunAsync(TaskContext context, DiffSpec spec, CancellationToken cancellationToken)
    {
        context.Progress.Begin("compare");
        await using var opened = await repositories.OpenAsync(Component.Config, cancellationToken);
        var before = await opened.LoadSnapshotAsync(spec.Before, cancellationToken);
        var after = await opened.LoadSnapshotAsync(spec.After, cancellationToken);
        await foreach (var difference in new SnapshotDiff(opened.Repository).RunAsync(before, after, cancellationToken))
        {
            if (IsWanted(difference, spec.Path))
            {
                await AddAsync(opened.Repository, difference, cancellationToken);
                context.Progress.Add(1, difference.After?.Size ?? 0);
            }
        }

        if (spec.Path is { } path && _items.Count == 0)
        {
            await RequireAsync(opened.Repository, before, after, path, cancellationToken);
        }

        return new TaskResult { Outcome = Outcome.Complete, Diff = new DiffResult { Added = _added, Removed = _removed, Changed = _changed, Items = _items } };
    }

    /// <summary>A path that is in neither of the two was mistyped: that nothing differs there would be no answer.</summary>
    private static async Task RequireAsync(ResticRepository repository, Snapshot before, Snapshot after, string path, CancellationToken cancellationToken)
    {
        if (await WhyNotAsync(repository, before, path, cancellationToken) is not null && await WhyNotAsync(repository, after, path, cancellationToken) is { } why)
        {
            throw new BackupException(ErrorCodes.InvalidInput, why, "Name a path as it was saved in one of the two points.");
        }
    }

    private static async Task<string?> WhyNotAsync(ResticRepository repository, Snapshot snapshot, string path, CancellationToken cancellationToken)
    {
        try
        {
            await SnapshotPath.FindAsync(repository, snapshot, path, cancellationToken);
            return null;
        }
        catch (RepositoryException none) when (none.Failure == RepositoryFailure.SnapshotNotFound)
        {
            return none.Message;
        }
    }

    /// <summary>The time of a directory changes with every file that comes or goes; those say it better.</summary>
    private static bool IsWanted(Difference difference, string? path)
    {
        var isInside = path is null || difference.Path == path.TrimEnd('/') || difference.Path.StartsWith($"{path.TrimEnd('/')}/", StringComparison.Ordinal);
        return isInside && !(difference is { Kind: DifferenceKind.MetadataChanged, Before: { Type: NodeType.Directory } old, After: { } now } && MetadataChange.Of(old.Metadata, now.Metadata) is null);
    }

    private async Task AddAsync(ResticRepository repository, Difference difference, CancellationToken cancellationToken)
    {
        _added += difference.Kind == DifferenceKind.Added ? 1 : 0;
        _removed += difference.Kind == DifferenceKind.Removed ? 1 : 0;
        _changed += difference.Kind is DifferenceKind.Added or DifferenceKind.Removed ? 0 : 1;
        if (_items.Count == DiffResult.MaxItems)
        {
            return;
        }

        var item = new DiffItem
        {
            Change = Word(difference.Kind),
            Path = difference.Path,
            Type = Word((difference.After ?? difference.Before)!.Type),
            SizeBefore = SizeOf(difference.Before),
            SizeAfter = SizeOf(difference.After),
        };
        item = difference switch
        {
            { Kind: DifferenceKind.MetadataChanged } => item,
            { Kind: DifferenceKind.TypeChanged, Before: { } old } => item with { Detail = $"{Word(old.Type)} before" },
            { Before: null or { Type: NodeType.Symlink }, After: null or { Type: NodeType.Symlink } } => item with { Detail = Targets(difference.Before, difference.After) },
            { Before: null or { Type: NodeType.File }, After: null or { Type: NodeType.File } } => await ContentAsync(repository, item, difference.Before, difference.After, cancellationToken),
            _ => item,
        };
        _items.Add(item with { Detail = Detail(difference, item.Detail) });
    }

    /// <summary>What is said of the content, and what differs of the rest where both sides have the entry. Of entries of two types, the rest is not comparable.</summary>
    private static string? Detail(Difference difference, string? content)
    {
        var metadata = difference is { Kind: not DifferenceKind.TypeChanged, Before: { } old, After: { } now } ? MetadataChange.Of(old.Metadata, now.Metadata) : null;
        var known = string.Join("; ", new[] { content, metadata }.OfType<string>());
        return known.Length > 0 ? known : difference.Kind == DifferenceKind.MetadataChanged ? "time" : null;
    }

    private async Task<DiffItem> ContentAsync(ResticRepository repository, DiffItem item, Node? before, Node? after, CancellationToken cancellationToken)
    {
        var isSmall = (before?.Size ?? 0) <= LargestText && (after?.Size ?? 0) <= LargestText;
        var text = isSmall && await TextAsync(repository, before, cancellationToken) is { } old && await TextAsync(repository, after, cancellationToken) is { } now
            ? UnifiedDiff.Of(old, now, item.Path)
            : null;
        if (text is not null && _letters + text.Length <= DiffResult.MaxText)
        {
            _letters += text.Length;
            return item with { Text = text };
        }

        return item with
        {
            Sha256Before = await HashAsync(repository, before, cancellationToken),
            Sha256After = await HashAsync(repository, after, cancellationToken),
            Detail = text is not null ? "not shown: there are too many lines; --path shows less at a time" : isSmall ? "binary" : $"larger than {LargestText >> 10} KiB",
        };
    }

    /// <summary>Null for what is no text; of a file that is not there, no lines.</summary>
    private static async Task<string?> TextAsync(ResticRepository repository, Node? file, CancellationToken cancellationToken)
    {
        if (file is null)
        {
            return "";
        }

        await using var content = new BlobContentStream(repository.Blobs, file);
        using var read = new MemoryStream();
        await content.CopyToAsync(read, cancellationToken);
        try
        {
            var text = Strict.GetString(read.GetBuffer().AsSpan(0, (int)read.Length));
            return text.Contains('\0', StringComparison.Ordinal) ? null : text;
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private static async Task<string?> HashAsync(ResticRepository repository, Node? file, CancellationToken cancellationToken)
    {
        if (file is null || file.Size > LargestHashed)
        {
            return null;
        }

        await using var content = new BlobContentStream(repository.Blobs, file);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancellationToken));
    }

    private static long? SizeOf(Node? node) => node is { Type: NodeType.File } ? node.Size : null;

    private static string Targets(Node? before, Node? after) => (before, after) switch
    {
        (null, { } now) => $"to {now.LinkTarget}",
        ({ } old, null) => $"to {old.LinkTarget}",
        var (old, now) => $"to {now!.LinkTarget}, before to {old!.LinkTarget}",
    };

    private static string Word(NodeType type) => type switch
    {
        NodeType.File => "file",
        NodeType.Directory => "dir",
        NodeType.Symlink => "symlink",
        NodeType.BlockDevice => "dev",
        NodeType.CharacterDevice => "chardev",
        NodeType.Fifo => "fifo",
        _ => "socket",
    };

    private static string Word(DifferenceKind kind) => kind switch
    {
        DifferenceKind.Added => "added",
        DifferenceKind.Removed => "removed",
        DifferenceKind.TypeChanged => "type",
        DifferenceKind.ContentChanged => "content",
        _ => "metadata",
    };
}

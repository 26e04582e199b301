using Microsoft.Win32.SafeHandles;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>Decides what becomes of regular files: compares with what is there and says which blobs have to be written, and where.</summary>
internal sealed class FileRestorer(
    IBlobReader blobs, BlobRanges ranges, ComparedFiles compared, RestoreRequest request, MetadataWriter metadata, ObstacleRemover obstacles, RestoreCounters counters)
{
    /// <summary>Compares; writes nothing but contents that go through a transform.</summary>
    public async Task<PreparedFile> PrepareAsync(RestoreFile file, CancellationToken cancellationToken)
    {
        var prepared = file.Transformed
            ? new PreparedFile { Complete = await RestoreTransformedAsync(file, cancellationToken).ConfigureAwait(false) }
            : await CompareAsync(file, cancellationToken).ConfigureAwait(false);
        if (prepared.InProgress is null)
        {
            counters.Report(1, 0);
        }

        return prepared;
    }

    private async Task<PreparedFile> CompareAsync(RestoreFile file, CancellationToken cancellationToken)
    {
        if (file.Directory.IsNew || file.Directory.Handle.Find(file.Name) is not { } existing)
        {
            return New(file);
        }

        if (request.Existing == ExistingFiles.AddOnly)
        {
            await CompareOnlyAsync(file, existing, cancellationToken).ConfigureAwait(false);
            return default;
        }

        if (existing.Type != NodeType.File)
        {
            return obstacles.TryRemoveDirectory(file.Directory, file.Name, existing) ? New(file) : default;
        }

        return await CompareInPlaceAsync(file, existing, cancellationToken).ConfigureAwait(false);
    }

    private async Task<PreparedFile> CompareInPlaceAsync(RestoreFile file, FileStatus existing, CancellationToken cancellationToken)
    {
        // A file with a second name may be in use outside the target: it is replaced, never written to.
        var directory = file.Directory.Handle;
        using (var open = existing.Links == 1 ? directory.TryOpenFile(file.Name, write: true) : null)
        {
            if (open is not null && FileStatus.TryGet((int)open.DangerousGetHandle(), out var now) && now is { Type: NodeType.File, Links: 1 })
            {
                var lacks = await FindLackingAsync(open, now, file, cancellationToken).ConfigureAwait(false);
                if (lacks.Count(lacking => lacking) is > 0 and var different)
                {
                    return new PreparedFile { InProgress = new FileInProgress(file, now, different), Missing = ranges.Of(file.Node).Where(range => lacks[range.Index]) };
                }

                if (now.Size != file.Node.Size)
                {
                    RandomAccess.SetLength(open, file.Node.Size);
                }

                Count(file, changed: now.Size != file.Node.Size);
                metadata.Apply(new OpenFileTarget(open, directory, file.Name), file.Node, file.Path);
                return default;
            }
        }

        if (await IsEqualAsync(file, existing, cancellationToken).ConfigureAwait(false))
        {
            Count(file, changed: false);
            counters.Report(0, file.Node.Size);
            metadata.Apply(directory, file.Name, file.Node, file.Path);
            return default;
        }

        return New(file);
    }

    /// <summary>For each blob whether the file lacks it, as was found before or is found now; reports the others as done.</summary>
    private async Task<bool[]> FindLackingAsync(SafeFileHandle open, FileStatus now, RestoreFile file, CancellationToken cancellationToken)
    {
        if (compared.Find(now, file.Node) is not { } lacks)
        {
            return await ranges.CompareAsync(open, file.Node, request.Differs?.Invoke(file.Path), bytes => counters.Report(0, bytes), cancellationToken).ConfigureAwait(false);
        }

        counters.Report(0, ranges.Of(file.Node).Where(range => !lacks[range.Index]).Sum(range => (long)range.Length));
        return lacks;
    }

    private PreparedFile New(RestoreFile file) => file.Node.Content.Count == 0
        ? new PreparedFile { Complete = CreateEmpty(file) }
        : new PreparedFile { InProgress = new FileInProgress(file, inPlace: null, file.Node.Content.Count), Missing = ranges.Of(file.Node) };

    private PendingFile CreateEmpty(RestoreFile file)
    {
        var directory = file.Directory.Handle;
        var temporary = TemporaryNames.Create();
        using var open = directory.CreateFile(temporary);
        metadata.Apply(new OpenFileTarget(open, directory, temporary), file.Node, file.Path);
        return new PendingFile(file, temporary);
    }

    private async Task CompareOnlyAsync(RestoreFile file, FileStatus existing, CancellationToken cancellationToken)
    {
        if (existing.Type != NodeType.File)
        {
            counters.AddConflict(file.Path, ObstacleRemover.Describe(existing.Type));
        }
        else if (await IsEqualAsync(file, existing, cancellationToken).ConfigureAwait(false))
        {
            Count(file, changed: false);
        }
        else
        {
            counters.AddConflict(file.Path, "a file with other content is there");
        }

        counters.Report(0, file.Node.Size);
    }

    private async Task<bool> IsEqualAsync(RestoreFile file, FileStatus existing, CancellationToken cancellationToken)
    {
        if (existing.Size != file.Node.Size)
        {
            return false;
        }

        using var open = file.Directory.Handle.TryOpenFile(file.Name, write: false);
        return open is not null && await ranges.AreEqualAsync(open, file.Node, cancellationToken).ConfigureAwait(false);
    }

    private async Task<PendingFile?> RestoreTransformedAsync(RestoreFile file, CancellationToken cancellationToken)
    {
        var directory = file.Directory.Handle;
        var pending = await WriteTransformedAsync(file, cancellationToken).ConfigureAwait(false);
        counters.Report(0, file.Node.Size);
        if (directory.Find(file.Name) is not { } existing)
        {
            return pending;
        }

        var equal = existing.Type == NodeType.File && HaveEqualContent(directory, file.Name, pending.TemporaryName);
        if (!equal && request.Existing == ExistingFiles.Delta
            && (existing.Type != NodeType.Directory || obstacles.TryRemoveDirectory(file.Directory, file.Name, existing)))
        {
            return pending;
        }

        directory.TryRemove(pending.TemporaryName, isDirectory: false);
        if (equal)
        {
            Count(file, changed: false);
            if (request.Existing == ExistingFiles.Delta)
            {
                metadata.Apply(directory, file.Name, file.Node, file.Path);
            }
        }
        else if (request.Existing == ExistingFiles.AddOnly)
        {
            counters.AddConflict(file.Path, existing.Type == NodeType.File ? "a file with other content is there" : ObstacleRemover.Describe(existing.Type));
        }

        return null;
    }

    private async Task TransformAsync(RestoreFile file, SafeFileHandle open, CancellationToken cancellationToken)
    {
        using var saved = new BlobContentStream(blobs, file.Node);
        var restored = new FileStream(new SafeFileHandle(open.DangerousGetHandle(), ownsHandle: false), FileAccess.ReadWrite);
        await using (restored.ConfigureAwait(false))
        {
            await request.Transform!.TransformAsync(file.Directory.PathOf(file.Node.Name), saved, restored, cancellationToken).ConfigureAwait(false);
            await restored.FlushAsync(cancellationToken).ConfigureAwait(false);
            counters.AddBytesWritten(restored.Length);
        }
    }

    private async Task<PendingFile> WriteTransformedAsync(RestoreFile file, CancellationToken cancellationToken)
    {
        var directory = file.Directory.Handle;
        var temporary = TemporaryNames.Create();
        using (var open = directory.CreateFile(temporary))
        {
            try
            {
                await TransformAsync(file, open, cancellationToken).ConfigureAwait(false);
                metadata.Apply(new OpenFileTarget(open, directory, temporary), file.Node, file.Path);
            }
            catch
            {
                directory.TryRemove(temporary, isDirectory: false);
                throw;
            }
        }

        return new PendingFile(file, temporary);
    }

    private static bool HaveEqualContent(OpenDirectory directory, EntryName left, EntryName right)
    {
        using var first = directory.TryOpenFile(left, write: false);
        using var second = directory.TryOpenFile(right, write: false);
        if (first is null || second is null || RandomAccess.GetLength(first) != RandomAccess.GetLength(second))
        {
            return false;
        }

        Span<byte> ofFirst = new byte[64 << 10], ofSecond = new byte[64 << 10];
        for (long offset = 0, length = RandomAccess.GetLength(first); offset < length;)
        {
            var read = RandomAccess.Read(first, ofFirst, offset);
            var other = RandomAccess.Read(second, ofSecond[..read], offset);
            if (read == 0 || !ofFirst[..read].SequenceEqual(ofSecond[..other]))
            {
                return false;
            }

            offset += read;
        }

        return true;
    }

    private void Count(RestoreFile file, bool changed)
    {
        file.IsRestored = true;
        if (changed)
        {
            counters.AddWritten();
        }
        else
        {
            counters.AddUnchanged();
        }
    }
}

/// <summary>What is to be done for a file; nothing more when it is empty.</summary>
internal readonly record struct PreparedFile
{
    /// <summary>Complete under a temporary name.</summary>
    public PendingFile? Complete { get; init; }

    /// <summary>Waits for the blobs that are <see cref="Missing"/>.</summary>
    public FileInProgress? InProgress { get; init; }

    public IEnumerable<BlobRange>? Missing { get; init; }
}

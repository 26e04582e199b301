using Microsoft.Win32.SafeHandles;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>Restores regular files: compares with what is there, then writes in place or under a temporary name.</summary>
internal sealed class FileRestorer(
    IBlobReader blobs, BlobRanges ranges, RestoreRequest request, MetadataWriter metadata, ObstacleRemover obstacles, RestoreCounters counters)
{
    /// <summary>
    /// Brings the content to the target. Null: the file is done. Otherwise it is complete under a temporary name and waits to
    /// be made durable and put in its place.
    /// </summary>
    public async Task<PendingFile?> RestoreAsync(RestoreFile file, CancellationToken cancellationToken)
    {
        var pending = file.Transformed
            ? await RestoreTransformedAsync(file, cancellationToken).ConfigureAwait(false)
            : await RestoreContentAsync(file, cancellationToken).ConfigureAwait(false);
        counters.Report(1, 0);
        return pending;
    }

    private async Task<PendingFile?> RestoreContentAsync(RestoreFile file, CancellationToken cancellationToken)
    {
        var directory = file.Directory.Handle;
        if (directory.Find(file.Name) is not { } existing)
        {
            return await WriteNewAsync(file, cancellationToken).ConfigureAwait(false);
        }

        if (request.Existing == ExistingFiles.AddOnly)
        {
            await CompareOnlyAsync(file, existing, cancellationToken).ConfigureAwait(false);
            return null;
        }

        if (existing.Type != NodeType.File)
        {
            return obstacles.TryRemoveDirectory(file.Directory, file.Name, existing)
                ? await WriteNewAsync(file, cancellationToken).ConfigureAwait(false)
                : null;
        }

        // A file with a second name may be in use outside the target: it is replaced, never written to.
        using (var open = existing.Links == 1 ? directory.TryOpenFile(file.Name, write: true) : null)
        {
            if (open is not null && FileStatus.TryGet((int)open.DangerousGetHandle(), out var now) && now is { Type: NodeType.File, Links: 1 })
            {
                Count(await ranges.WriteDifferencesAsync(open, file.Node, cancellationToken).ConfigureAwait(false));
                metadata.Apply(directory, file.Name, file.Node, file.Path);
                return null;
            }
        }

        if (await IsEqualAsync(file, existing, cancellationToken).ConfigureAwait(false))
        {
            Count(changed: false);
            counters.Report(0, file.Node.Size);
            metadata.Apply(directory, file.Name, file.Node, file.Path);
            return null;
        }

        return await WriteNewAsync(file, cancellationToken).ConfigureAwait(false);
    }

    private async Task CompareOnlyAsync(RestoreFile file, FileStatus existing, CancellationToken cancellationToken)
    {
        if (existing.Type != NodeType.File)
        {
            counters.AddConflict(file.Path, ObstacleRemover.Describe(existing.Type));
        }
        else if (await IsEqualAsync(file, existing, cancellationToken).ConfigureAwait(false))
        {
            Count(changed: false);
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

    private Task<PendingFile> WriteNewAsync(RestoreFile file, CancellationToken cancellationToken) =>
        WriteTemporaryAsync(file, open => ranges.WriteAllAsync(open, file.Node, cancellationToken));

    private async Task<PendingFile?> RestoreTransformedAsync(RestoreFile file, CancellationToken cancellationToken)
    {
        var directory = file.Directory.Handle;
        var pending = await WriteTemporaryAsync(file, open => TransformAsync(file, open, cancellationToken)).ConfigureAwait(false);
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
            Count(changed: false);
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

    private async Task<PendingFile> WriteTemporaryAsync(RestoreFile file, Func<SafeFileHandle, Task> write)
    {
        var directory = file.Directory.Handle;
        var temporary = TemporaryNames.Create();
        using (var open = directory.CreateFile(temporary))
        {
            try
            {
                await write(open).ConfigureAwait(false);
                metadata.Apply(directory, temporary, file.Node, file.Path);
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

    private void Count(bool changed)
    {
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

using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;
using StellaOps.Backup.Repository.Files;
namespace StellaOps.Backup.Repository.Restore;

/// <summary>A place in a file that waits for a blob.</summary>
internal readonly record struct FilePart(FileInProgress File, long Offset);

/// <summary>Writes blobs to the files that wait for them and finishes files that have all; from any thread.</summary>
internal sealed class FileWriter(RestoreRequest request, MetadataWriter metadata, RestoreCounters counters) : IDisposable
{
    private readonly ConcurrentDictionary<FileInProgress, bool> _unfinished = [];

    /// <summary>Takes care of a file until <see cref="Release"/>.</summary>
    public void Keep(FileInProgress file) => _unfinished[file] = true;

    /// <summary>Writes blobs that follow one another in a file.</summary>
    /// <param name="content">The blobs.</param>
    /// <param name="part">Place of the first one.</param>
    /// <param name="blobs">How many there are.</param>
    /// <returns>The file when it is complete now: under a temporary name it still needs its own.</returns>
    public FileInProgress? Write(ReadOnlySpan<byte> content, FilePart part, int blobs)
    {
        var (file, offset) = part;
        var open = file.Borrow(Create);
        counters.AddBytesWritten(SparseWriting.Write(open, content, offset, request.Sparse && file.InPlace is null));
        counters.Report(0, content.Length);
        if (!file.Return(blobs))
        {
            return null;
        }

        Finish(file, open);
        return file;
    }

    /// <summary>From now on somebody else takes care of the file.</summary>
    public void Release(FileInProgress file) => _unfinished.TryRemove(file, out _);

    /// <summary>Closes what is open, and removes new files that did not become complete.</summary>
    public void Dispose()
    {
        foreach (var file in _unfinished.Keys)
        {
            file.Abandon();
        }
    }

    private SafeFileHandle Create(FileInProgress file, EntryName temporary)
    {
        var node = file.File.Node;
        var open = file.File.Directory.Handle.CreateFile(temporary);
        if (node.Content.Count > 1 || (request.Sparse && node.Size >= SparseWriting.Block))
        {
            RandomAccess.SetLength(open, node.Size); // Holes need it, and blobs that come out of order.
        }

        return open;
    }

    private void Finish(FileInProgress file, SafeFileHandle open)
    {
        var node = file.File.Node;
        if (file.InPlace is { } before && before.Size != node.Size)
        {
            RandomAccess.SetLength(open, node.Size);
        }

        metadata.Apply(new OpenFileTarget(open, file.File.Directory.Handle, file.TemporaryName ?? file.File.Name), node, file.File.Path);
        file.Close();
        if (file.InPlace is not null)
        {
            file.File.IsRestored = true;
            counters.AddWritten();
        }

        counters.Report(1, 0);
    }
}

using System.Buffers;
using System.Security.Cryptography;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Workers.Comparison;

/// <summary>Compares what is not a directory. A blob's id is the SHA-256 of its plaintext, so a file is equal when its pieces hash to its blobs' ids.</summary>
internal sealed class FileComparison(IBlobReader blobs, LocalFileSource source, ComparisonOptions options, ComparisonCounts counts)
{
    private const int BufferSize = 512 << 10;

    public async ValueTask CompareAsync(ComparedPair pair, CancellationToken cancellationToken)
    {
        var isFile = pair.Node.Type == NodeType.File;
        if (await DifferenceAsync(pair, cancellationToken).ConfigureAwait(false) is { } difference)
        {
            counts.AddDifferent(pair.Path, difference, isFile);
        }
        else if (isFile)
        {
            counts.AddEqualFile(pair.Node.Size);
        }

        options.OnProgress?.Invoke(isFile ? 1 : 0, pair.Node.Size);
    }

    private async ValueTask<string?> DifferenceAsync(ComparedPair pair, CancellationToken cancellationToken)
    {
        var (_, node, entry) = pair;
        if (node.Type == NodeType.Symlink && node.LinkTarget != entry.LinkTarget)
        {
            return $"points to {entry.LinkTarget}, not to {node.LinkTarget}";
        }

        if (node.Type == NodeType.File)
        {
            if (node.Size != entry.Size)
            {
                return $"has {entry.Size} bytes, not {node.Size}";
            }

            if (!await HasContentAsync(pair, cancellationToken).ConfigureAwait(false))
            {
                return "has other content";
            }
        }

        return options.Metadata ? MetadataComparison.Difference(node, entry) : null;
    }

    private async ValueTask<bool> HasContentAsync(ComparedPair pair, CancellationToken cancellationToken)
    {
        using var whole = options.OnEqualFile is null ? null : IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var piece = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            var content = await source.OpenAsync(pair.Entry, cancellationToken).ConfigureAwait(false);
            await using (content.ConfigureAwait(false))
            {
                foreach (var id in pair.Node.Content)
                {
                    if (!await HasBlobAsync(content, id, buffer, piece, whole, cancellationToken).ConfigureAwait(false))
                    {
                        return false;
                    }
                }
            }
        }
        catch (SourceException)
        {
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        options.OnEqualFile?.Invoke(pair.Path, whole!.GetHashAndReset());
        return true;
    }

    private async ValueTask<bool> HasBlobAsync(
        IFileContent content, BlobId id, byte[] buffer, IncrementalHash piece, IncrementalHash? whole, CancellationToken cancellationToken)
    {
        if (blobs.Find(BlobType.Data, id) is not { } location)
        {
            return false;
        }

        for (long left = location.PlainLength; left > 0;)
        {
            var read = await content.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, BufferSize)), cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                return false;
            }

            piece.AppendData(buffer, 0, read);
            whole?.AppendData(buffer, 0, read);
            left -= read;
        }

        return new BlobId(piece.GetHashAndReset()) == id;
    }
}

using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Azure;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;

namespace StellaOps.Backup.Storage.AzureBlob;

/// <summary>
/// One put in blocks. The names of its blocks are its own: Azure's SDK gives the blocks of every upload the same ones, so that of two uploads of a blob at the
/// same time the first to commit has blocks of the other.
/// </summary>
/// <param name="blob">The blob.</param>
/// <param name="identity">
/// Of content that can be made again, whose blocks have the same names each time: puts that were cut off do not fill up the 100,000 blocks that Azure keeps
/// uncommitted for a blob. Null for other content.
/// </param>
internal sealed class AzureBlobBlocks(BlockBlobClient blob, string? identity)
{
    /// <summary>Blocks that are on their way, and so of a stream in memory, at a time.</summary>
    private const int AtOnce = 3;

    /// <summary>Bytes of a name. All of one blob have to have as many, those that an upload of the SDK left, too.</summary>
    private const int NameLength = 48;

    private readonly byte[] _put = identity is null ? RandomNumberGenerator.GetBytes(SHA256.HashSizeInBytes) : SHA256.HashData(Encoding.UTF8.GetBytes(identity));

    /// <summary>A block that was filled, and those that follow it in a stream.</summary>
    internal static async IAsyncEnumerable<PartContent> FromAsync(PartContent first, Stream content, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var length = first.Content.Length;
        for (var block = first; ; block = await PartContent.ReadAsync(content, block.Number + 1, length, cancellationToken).ConfigureAwait(false))
        {
            var filled = block.Content.Length;
            if (filled == 0)
            {
                block.Dispose();
                yield break;
            }

            yield return block;
            if (filled < length)
            {
                yield break;
            }
        }
    }

    /// <summary>Nobody sees a block before the last request, which commits them all; the blob is durable and visible after it.</summary>
    /// <param name="blocks">Numbered without a gap; each is disposed.</param>
    /// <param name="options">Condition and metadata of the blob, checksum of the blocks.</param>
    /// <param name="cancellationToken">Gives up; blocks that were sent stay until a put of the blob ends well, or for a week.</param>
    internal async Task<Response<BlobContentInfo>> PutAsync(IAsyncEnumerable<PartContent> blocks, BlobUploadOptions options, CancellationToken cancellationToken)
    {
        var count = 0;
        var staging = new BlockBlobStageBlockOptions { TransferValidation = options.TransferValidation };
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(blocks, parallel, async (block, token) =>
        {
            using (block)
            {
                Interlocked.Increment(ref count);
                await using var body = BinaryData.FromBytes(block.Content).ToStream();
                await blob.StageBlockAsync(Name(block.Number), body, staging, token).ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
        var commit = new CommitBlockListOptions { Conditions = options.Conditions, Metadata = options.Metadata };
        return await blob.CommitBlockListAsync(Enumerable.Range(1, count).Select(Name), commit, cancellationToken).ConfigureAwait(false);
    }

    private string Name(int number)
    {
        var name = new byte[NameLength];
        _put.CopyTo(name, 0);
        BinaryPrimitives.WriteInt32BigEndian(name.AsSpan(_put.Length), number);
        return Convert.ToBase64String(name);
    }
}

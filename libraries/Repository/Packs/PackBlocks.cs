using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Packs;

/// <summary>
/// Reads small parts of packs in blocks of 1 MiB and keeps the last 16. Trees lie next to each other, so a walk over many
/// directories costs one request for each MiB of them and not one for each directory. Memory: 16 MiB.
/// </summary>
internal sealed class PackBlocks(IObjectStore store)
{
    internal const int BlockLength = 1 << 20;
    private const int Kept = 16;

    private readonly Lock _lock = new();
    private readonly LinkedList<(BlobId Pack, long Number, Task<ReadOnlyMemory<byte>> Content)> _blocks = new();

    /// <summary>Reads up to the length of <paramref name="destination"/>; less only at the pack's end.</summary>
    /// <exception cref="StorageException"><see cref="StorageFailure.NotFound"/>.</exception>
    internal async ValueTask<int> ReadAsync(BlobId pack, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var done = 0;
        while (done < destination.Length)
        {
            var (number, from) = Math.DivRem(offset + done, BlockLength);
            var block = await GetAsync(pack, number).WaitAsync(cancellationToken).ConfigureAwait(false);
            var part = block[(int)Math.Min(from, block.Length)..];
            part = part[..Math.Min(part.Length, destination.Length - done)];
            part.CopyTo(destination[done..]);
            done += part.Length;
            if (part.IsEmpty)
            {
                break;
            }
        }

        return done;
    }

    // Others may wait for the same block, so a read that has begun is not cancelled.
    private Task<ReadOnlyMemory<byte>> GetAsync(BlobId pack, long number)
    {
        lock (_lock)
        {
            for (var at = _blocks.First; at is not null; at = at.Next)
            {
                if (at.Value.Pack == pack && at.Value.Number == number)
                {
                    _blocks.Remove(at);
                    if (at.Value.Content.IsFaulted)
                    {
                        break;
                    }

                    _blocks.AddFirst(at);
                    return at.Value.Content;
                }
            }

            var content = Task.Run(() => LoadAsync(pack, number));
            _blocks.AddFirst((pack, number, content));
            if (_blocks.Count > Kept)
            {
                _blocks.RemoveLast();
            }

            return content;
        }
    }

    private async Task<ReadOnlyMemory<byte>> LoadAsync(BlobId pack, long number)
    {
        var block = GC.AllocateUninitializedArray<byte>(BlockLength);
        var read = await store.ReadAsync(RepositoryFile.Key(FileKind.Pack, pack), number * BlockLength, block, CancellationToken.None).ConfigureAwait(false);
        return block.AsMemory(0, read);
    }
}

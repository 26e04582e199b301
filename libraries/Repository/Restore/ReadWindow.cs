using System.Threading.Channels;
using StellaOps.Backup.Repository.Packs;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>
/// Collects the blobs that files wait for, and when there are enough turns them into few large reads, ordered by pack. Within a
/// window each part of a pack is read once, however many files need it. At most 32,768 blobs, about 10 MiB, or 512 directories. These
/// are open meanwhile: with the window before, which may still be on its way, the batch of the committer and idle files about 2,500
/// descriptors, below the 4,096 that the oldest systems allow.
/// </summary>
internal sealed class ReadWindow(ChannelWriter<PackRange<FilePart>> ranges) : IDisposable
{
    private const int MostBlobs = 32_768, MostDirectories = 512;

    private readonly SemaphoreSlim _turn = new(1);
    private readonly List<Wanted<FilePart>> _wanted = [];
    private readonly HashSet<RestoreDirectory> _directories = [];

    /// <summary>Adds what a file waits for.</summary>
    public async Task AddAsync(FileInProgress file, IEnumerable<BlobRange> missing, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            _directories.Add(file.File.Directory);
            foreach (var blob in missing)
            {
                _wanted.Add(new Wanted<FilePart>(blob.Id, blob.Location, new FilePart(file, blob.Offset)));
                if (_wanted.Count >= MostBlobs)
                {
                    await EmitAsync(cancellationToken).ConfigureAwait(false);
                }
            }

            if (_directories.Count >= MostDirectories)
            {
                await EmitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Hands out the rest, after the last file.</summary>
    public Task FlushAsync(CancellationToken cancellationToken) => EmitAsync(cancellationToken);

    public void Dispose() => _turn.Dispose();

    private async Task EmitAsync(CancellationToken cancellationToken)
    {
        Wanted<FilePart>[] wanted = [.. _wanted];
        _wanted.Clear();
        _directories.Clear();
        foreach (var range in PackRanges.Merge(wanted))
        {
            await ranges.WriteAsync(range, cancellationToken).ConfigureAwait(false);
        }
    }
}

using System.Buffers;
using System.Security.Cryptography;
using StellaOps.Backup.EvidenceBackup.Lockers;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.EvidenceBackup.Checks;

/// <summary>Reads artifacts and digests them, on all processors. Memory: <see cref="BufferSize"/> for each.</summary>
internal sealed class ContentReading(LockerFiles files, TaskProgressMeter progress)
{
    private const int BufferSize = 1 << 20;

    /// <param name="paths">What to read.</param>
    /// <param name="read">Called from any thread with a path, its bytes and its digest.</param>
    /// <param name="unread">The same where it cannot be read, and why; null for what is not there.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public void Run(IEnumerable<string> paths, Action<string, long, BlobId> read, Action<string, string?> unread, CancellationToken cancellationToken) => Parallel.ForEach(
        paths,
        new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount },
        path =>
        {
            if (files.SizeOf(path) is null)
            {
                unread(path, null); // Nor is what is no file opened, whoever names it: a FIFO waits for somebody who writes.
                return;
            }

            try
            {
                var (bytes, digest) = Digest(path, cancellationToken);
                read(path, bytes, digest);
                progress.Add(1, bytes);
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                unread(path, null);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                unread(path, e.Message);
            }
        });

    private (long Bytes, BlobId Sha256) Digest(string path, CancellationToken cancellationToken)
    {
        using var file = File.OpenHandle(files.PathOf(path), options: FileOptions.SequentialScan);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            var offset = 0L;
            for (int read; (read = RandomAccess.Read(file, buffer, offset)) > 0; offset += read)
            {
                cancellationToken.ThrowIfCancellationRequested();
                hash.AppendData(buffer, 0, read);
            }

            return (offset, new BlobId(hash.GetHashAndReset()));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

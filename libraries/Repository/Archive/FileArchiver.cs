using System.Buffers.Binary;
using System.Collections.Concurrent;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Chunks;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Archive;

/// <summary>Reads files into blobs; used by all readers at the same time.</summary>
internal sealed class FileArchiver : IDisposable
{
    // A file that changes under the reader is read again, unless it is so large that it would only change again.
    private const int Attempts = 3;
    private const long LargestRepeated = 64 << 20;

    private readonly IFileSource _source;
    private readonly IBlobReader _stored;
    private readonly BlobSaver _saver;
    private readonly GearTable _gear;
    private readonly Action<long> _report;
    private readonly ConcurrentBag<ChunkReader> _idle = [];
    private long _bytesRead;

    /// <param name="repository">Repository whose secret decides the cuts.</param>
    /// <param name="source">Where files are opened.</param>
    /// <param name="writer">Where blobs go.</param>
    /// <param name="savers">Chunks of large files that are saved at the same time.</param>
    /// <param name="report">Told the bytes of each chunk.</param>
    public FileArchiver(ResticRepository repository, IFileSource source, BlobWriter writer, int savers, Action<long> report)
    {
        (_source, _stored, _saver, _report) = (source, repository.Blobs, new BlobSaver(writer, savers), report);
        Span<byte> secret = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(secret, repository.ChunkerPolynomial);
        _gear = new GearTable([.. secret, .. Convert.FromHexString(repository.Id)]);
    }

    /// <summary>Bytes that were read of all files.</summary>
    public long BytesRead => Interlocked.Read(ref _bytesRead);

    /// <summary>Saves the content of a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="before">Its node in the parent snapshot.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Its node, and a warning when it may hold parts of two states of the file, or lacks its attributes.</returns>
    /// <exception cref="SourceException">It cannot be read.</exception>
    public async Task<(Node Node, string? Warning)> ArchiveAsync(SourceEntry file, Node? before, CancellationToken cancellationToken)
    {
        var kept = KeptCuts.Find(file, before, _stored);
        if (kept is { Parts.Count: 0 })
        {
            _source.Unchanged(file);
            _report(file.Size);
            return (new Node { Name = file.Name, Type = NodeType.File, Metadata = file.Metadata, Size = file.Size, Content = kept.Merge([], 0).Content }, null);
        }

        for (var attempt = 1; ; attempt++)
        {
            var (node, warning) = await ReadOnceAsync(file, kept, cancellationToken).ConfigureAwait(false);
            if (warning is null || attempt == Attempts || node.Size > LargestRepeated)
            {
                return (node, warning ?? (node.Error.Length > 0 ? node.Error : null));
            }

            _report(-node.Size);
        }
    }

    public void Dispose() => _saver.Dispose();

    private async Task<(Node Node, string? Warning)> ReadOnceAsync(SourceEntry file, KeptCuts? kept, CancellationToken cancellationToken)
    {
        var content = kept is null
            ? await _source.OpenAsync(file, cancellationToken).ConfigureAwait(false)
            : await _source.OpenPartsAsync(file, kept.Parts, cancellationToken).ConfigureAwait(false);
        await using (content.ConfigureAwait(false))
        {
            var saved = new FileBlobs(_saver, file.Chunking.FixedSize > 0 ? (int)Math.Min(Array.MaxLength, ((kept?.ReadBytes ?? file.Size) / file.Chunking.FixedSize) + 1) : 1);
            try
            {
                await (ChunkBatch.CanRead(file.Chunking.FixedSize)
                    ? ReadCutsAsync(content, file.Chunking.FixedSize, saved, cancellationToken)
                    : ReadChunksAsync(content, file.Chunking, saved, cancellationToken)).ConfigureAwait(false);
            }
            catch
            {
                _report(-saved.Bytes);
                throw;
            }
            finally
            {
                await saved.CompleteAsync(cancellationToken).ConfigureAwait(false);
            }

            Interlocked.Add(ref _bytesRead, saved.Bytes);
            var (blobs, size) = kept?.Merge(saved.Ids, saved.Bytes) ?? (saved.Ids, saved.Bytes);
            _report(size - saved.Bytes);
            var (entry, warning) = await content.CompleteAsync(cancellationToken).ConfigureAwait(false);
            var node = new Node
            {
                Name = file.Name,
                Type = NodeType.File,
                Metadata = entry.Metadata,
                Size = size,
                Content = blobs,
                Error = entry.Warning ?? "",
            };
            return (node, warning);
        }
    }

    private async Task ReadCutsAsync(IFileContent content, int size, FileBlobs saved, CancellationToken cancellationToken)
    {
        var more = true;
        while (more)
        {
            var before = saved.Bytes;
            more = await saved.ReadAsync(content, size, cancellationToken).ConfigureAwait(false);
            _report(saved.Bytes - before);
        }
    }

    private async Task ReadChunksAsync(IFileContent content, Chunking chunking, FileBlobs saved, CancellationToken cancellationToken)
    {
        var reader = _idle.TryTake(out var idle) ? idle : new ChunkReader(new ContentCutter(_gear));
        reader.Start(content, chunking);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            await saved.AddAsync(reader.Chunk, reader.IsLast, cancellationToken).ConfigureAwait(false);
            _report(reader.Chunk.Length);
        }

        _idle.Add(reader);
    }
}

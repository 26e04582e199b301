using System.Collections.Concurrent;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Checking;

/// <summary>Reads packs whole and proves every byte. Memory of each caller: its largest pack, and that one's largest blob.</summary>
internal sealed class PackVerifier(IObjectStore store, UnitSealer sealer, BlobCodec codec)
{
    private readonly ConcurrentBag<(GrowingBuffer Pack, OpenedBlobs Blobs)> _idle = [];

    /// <returns>What is wrong; null when all is well.</returns>
    internal async Task<PackProblem?> VerifyAsync(BlobId pack, IReadOnlyList<PackEntry> entries, CancellationToken cancellationToken)
    {
        // Once more before it is called damaged: a read may go wrong on its way.
        return await TryAsync(pack, entries, cancellationToken).ConfigureAwait(false) is null
            ? null
            : await TryAsync(pack, entries, cancellationToken).ConfigureAwait(false);
    }

    private async Task<PackProblem?> TryAsync(BlobId pack, IReadOnlyList<PackEntry> entries, CancellationToken cancellationToken)
    {
        var length = PackHeader.PackLength(entries);
        if (length > Array.MaxLength - AlignedMemory.Block)
        {
            return new PackProblem(DamageKind.PackSize, "it is larger than any pack can be", []);
        }

        var buffers = _idle.TryTake(out var idle) ? idle : (Pack: new GrowingBuffer(aligned: true), Blobs: new OpenedBlobs(codec));
        try
        {
            var content = buffers.Pack.Take((int)length);
            var read = await store.ReadAsync(RepositoryFile.Key(FileKind.Pack, pack), 0, content, cancellationToken).ConfigureAwait(false);
            return read == length ? Verify(entries, content.Span, buffers.Blobs) : new PackProblem(DamageKind.PackSize, $"it has {read} bytes instead of {length}", []);
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.NotFound)
        {
            return new PackProblem(DamageKind.PackMissing, "it is missing", []);
        }
        finally
        {
            _idle.Add(buffers);
        }
    }

    // A sound header leaves no byte between the blobs, so their authentication codes and its own cover the whole pack, and their hashes say that
    // they are the ones that the index means. Hashing the pack once more, for its name, would find nothing else.
    private PackProblem? Verify(IReadOnlyList<PackEntry> entries, Span<byte> content, OpenedBlobs opened)
    {
        var wrong = new List<string>();
        if (VerifyHeader(entries, content) is { } header)
        {
            wrong.Add(header);
        }

        var (damaged, together) = (new List<PackEntry>(), new List<PackEntry>());
        opened.Clear();
        foreach (var entry in entries)
        {
            var unit = content.Slice((int)entry.Offset, (int)entry.StoredLength);
            var isShort = OpenedBlobs.IsShort(entry);
            if (!isShort || !opened.HasRoomFor(entry))
            {
                Compare();
            }

            if (isShort)
            {
                opened.Add(unit, entry);
                together.Add(entry);
            }
            else
            {
                Note(entry, codec.DecodeInPlace(unit, entry.PlainLength, entry.Compressed, entry.Id, opened.Room, out _));
            }
        }

        Compare();
        return wrong.Count == 0 ? null : new PackProblem(DamageKind.PackContent, string.Join("; ", wrong.Take(5)) + (wrong.Count > 5 ? $"; and {wrong.Count - 5} more" : ""), damaged);

        void Compare()
        {
            opened.Compare();
            for (var blob = 0; blob < together.Count; blob++)
            {
                Note(together[blob], opened.Wrong(blob));
            }

            opened.Clear();
            together.Clear();
        }

        void Note(PackEntry entry, string? problem)
        {
            if (problem is not null)
            {
                damaged.Add(entry);
                wrong.Add($"{BlobReader.Name(entry.Type)} {entry.Id}: {problem}");
            }
        }
    }

    private string? VerifyHeader(IReadOnlyList<PackEntry> entries, ReadOnlySpan<byte> content)
    {
        try
        {
            var sealedLength = PackHeader.ReadLength(content[^PackHeader.LengthField..], content.Length);
            var header = content.Slice(content.Length - PackHeader.LengthField - sealedLength, sealedLength);
            return PackHeader.Read(header, content.Length, sealer).SequenceEqual(entries) ? null : "its header and the index disagree";
        }
        catch (RepositoryException exception) when (exception.Failure == RepositoryFailure.Damaged)
        {
            return exception.Message;
        }
    }
}

/// <summary>What is wrong with a pack, and which of its blobs; none when the damage lies elsewhere in it, or everywhere.</summary>
internal sealed record PackProblem(DamageKind Kind, string Detail, IReadOnlyList<PackEntry> Blobs);

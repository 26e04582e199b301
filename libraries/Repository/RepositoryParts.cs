using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository;

/// <summary>What all work on an open repository needs. Safe for any number of threads.</summary>
internal sealed record RepositoryParts(IObjectStore Store, RepositoryOptions Options, UnitSealer Sealer, BlobCodec Codec, UnpackedFiles Files)
{
    /// <summary>Memory for parts of packs that are read.</summary>
    internal BufferPool Ranges { get; } = new(aligned: true, PackRanges.LargestRange + AlignedMemory.Block);

    /// <summary>Memory for what files have in the place of blobs.</summary>
    internal BufferPool Compared { get; } = new();
}

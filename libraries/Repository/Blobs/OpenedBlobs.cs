using System.Runtime.InteropServices;
using StellaOps.Backup.Repository.Hashing;
using StellaOps.Backup.Repository.Packs;

namespace StellaOps.Backup.Repository.Blobs;

/// <summary>
/// Opens short blobs one behind the other, and compares their hashes together. Not for several threads at a time. Memory: <see cref="BlobHashes.Gathered"/>.
/// </summary>
internal sealed class OpenedBlobs(BlobCodec codec)
{
    // Fewer than eight in a buffer are hashed as fast one by one.
    private const int Longest = BlobHashes.Gathered / 8, Most = 256;

    private readonly List<(BlobId Id, string? Wrong)> _blobs = [];
    private readonly List<BlobPart> _parts = [];
    private readonly BlobId[] _hashes = new BlobId[Most];
    private int _filled;

    /// <summary>How many there are.</summary>
    internal int Count => _blobs.Count;

    /// <summary>For the blobs that are too long; and where the others stand.</summary>
    internal GrowingBuffer Room { get; } = new();

    /// <summary>Whether a blob is opened here.</summary>
    internal static bool IsShort(PackEntry entry) => entry.PlainLength <= Longest;

    /// <summary>Whether it can be added to those that are there.</summary>
    internal bool HasRoomFor(PackEntry entry) => _blobs.Count < Most && _filled + entry.PlainLength <= BlobHashes.Gathered;

    /// <summary>Opens one more.</summary>
    /// <param name="unit">As it is stored; overwritten. Empty when it could not be read.</param>
    /// <param name="entry">What it is.</param>
    internal void Add(Span<byte> unit, PackEntry entry)
    {
        var plain = Room.Take(BlobHashes.Gathered).Span.Slice(_filled, (int)entry.PlainLength);
        var wrong = unit.IsEmpty ? "it could not be read" : codec.Open(unit, entry.Compressed, plain);
        if (!Sha256Lanes.IsSupported && wrong is null)
        {
            _hashes[_blobs.Count] = BlobId.Of(plain); // While it is still in the nearest cache.
        }

        _blobs.Add((entry.Id, wrong));
        _parts.Add(new BlobPart(_filled, wrong is null ? plain.Length : 0));
        _filled += plain.Length;
    }

    /// <summary>Compares the hashes of all that were added.</summary>
    internal void Compare()
    {
        if (_blobs.Count > 0 && Sha256Lanes.IsSupported)
        {
            BlobHashes.Hash(Room.Take(BlobHashes.Gathered).Span, CollectionsMarshal.AsSpan(_parts), _hashes);
        }

        for (var blob = 0; blob < _blobs.Count; blob++)
        {
            if (_blobs[blob] is { Wrong: null } whole && whole.Id != _hashes[blob])
            {
                _blobs[blob] = whole with { Wrong = "its hash is wrong" };
            }
        }
    }

    /// <summary>What is wrong with a blob; null when it holds what it should. After <see cref="Compare"/>.</summary>
    internal string? Wrong(int blob) => _blobs[blob].Wrong;

    /// <summary>Blobs that are whole, from the first one to the one before <paramref name="next"/>.</summary>
    internal ReadOnlySpan<byte> Plain(int first, int next) => Room.Take(BlobHashes.Gathered).Span[_parts[first].Start..(_parts[next - 1].Start + _parts[next - 1].Length)];

    /// <summary>Begins anew.</summary>
    internal void Clear()
    {
        _blobs.Clear();
        _parts.Clear();
        _filled = 0;
    }
}

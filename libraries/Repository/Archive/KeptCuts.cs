using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Archive;

/// <summary>
/// A changed file of which some cuts are as they were in the parent snapshot: their blobs are taken over, and the others are read. Only
/// for files that are cut at fixed places, now and in the parent.
/// </summary>
internal sealed class KeptCuts
{
    private readonly SourceEntry _file;
    private readonly IReadOnlyList<BlobId> _before;
    private readonly bool[] _kept;

    private KeptCuts(SourceEntry file, IReadOnlyList<BlobId> before, bool[] kept)
    {
        (_file, _before, _kept) = (file, before, kept);
        Parts = FindParts();
        ReadBytes = Parts.Sum(part => part.Length);
    }

    /// <summary>What has to be read, in order; cuts that follow one another are one part.</summary>
    public IReadOnlyList<(long Offset, long Length)> Parts { get; }

    /// <summary>Length of all parts.</summary>
    public long ReadBytes { get; }

    private int CutSize => _file.Chunking.FixedSize;

    /// <summary>Looks which cuts can be kept; null when none can.</summary>
    public static KeptCuts? Find(SourceEntry file, Node? before, IBlobReader blobs)
    {
        if (file.Changes is not { } changes || file.Chunking.FixedSize <= 0 || before is not { Type: NodeType.File, Error: "" } || file.Size == 0)
        {
            return null;
        }

        var size = file.Chunking.FixedSize;
        var kept = new bool[(file.Size + size - 1) / size];
        var any = false;
        for (var i = 0; i < Math.Min(kept.Length, before.Content.Count); i++)
        {
            var (offset, length) = (i * (long)size, Math.Min(size, file.Size - (i * (long)size)));

            // The length in the index tells whether the parent cut at the same places; a blob that is lost is read again.
            var known = blobs.Find(BlobType.Data, before.Content[i])?.PlainLength;
            if (known is { } there && there != Math.Min(size, before.Size - offset))
            {
                return null;
            }

            any |= kept[i] = known == length && !changes.MayDiffer(offset, length);
        }

        return any ? new KeptCuts(file, before.Content, kept) : null;
    }

    /// <summary>Puts the blobs of the parts between those that are kept.</summary>
    /// <param name="read">Blobs of the parts, in order, one for each cut.</param>
    /// <param name="bytes">Their length. When it is less than that of the parts, the file ended there.</param>
    /// <returns>The whole content and its length.</returns>
    public (IReadOnlyList<BlobId> Content, long Size) Merge(IReadOnlyList<BlobId> read, long bytes)
    {
        var content = new List<BlobId>(_kept.Length);
        var (size, next) = (0L, 0);
        for (var i = 0; i < _kept.Length; i++)
        {
            var length = LengthOf(i);
            if (_kept[i])
            {
                content.Add(_before[i]);
                size += length;
                continue;
            }

            if (next == read.Count)
            {
                break;
            }

            content.Add(read[next++]);
            size += Math.Min(length, bytes);
            if (bytes < length)
            {
                break;
            }

            bytes -= length;
        }

        return (content, size);
    }

    private List<(long, long)> FindParts()
    {
        var parts = new List<(long Offset, long Length)>();
        for (var i = 0; i < _kept.Length; i++)
        {
            if (_kept[i])
            {
                continue;
            }

            if (i > 0 && !_kept[i - 1])
            {
                parts[^1] = parts[^1] with { Length = parts[^1].Length + LengthOf(i) };
            }
            else
            {
                parts.Add((i * (long)CutSize, LengthOf(i)));
            }
        }

        return parts;
    }

    private long LengthOf(int cut) => Math.Min(CutSize, _file.Size - (cut * (long)CutSize));
}

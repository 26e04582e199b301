using System.Collections.Concurrent;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Workers.Comparison;

/// <summary>Counts of a comparison; safe from any thread.</summary>
internal sealed class ComparisonCounts
{
    private readonly ConcurrentQueue<ComparedItem> _items = new();
    private readonly int[] _listed = new int[Enum.GetValues<ComparedState>().Length];
    private long _equalFiles, _equalBytes, _missing, _missingFiles, _missingBytes, _different, _differentFiles, _extra;

    public void AddEqualFile(long bytes)
    {
        Interlocked.Increment(ref _equalFiles);
        Interlocked.Add(ref _equalBytes, bytes);
    }

    public void AddMissing(RelativePath path, Node node)
    {
        Interlocked.Increment(ref _missing);
        if (node.Type == NodeType.File)
        {
            Interlocked.Increment(ref _missingFiles);
            Interlocked.Add(ref _missingBytes, node.Size);
        }

        List(ComparedState.Missing, path, "is missing");
    }

    public void AddDifferent(RelativePath path, string reason, bool isFile)
    {
        Interlocked.Increment(ref _different);
        if (isFile)
        {
            Interlocked.Increment(ref _differentFiles);
        }

        List(ComparedState.Different, path, reason);
    }

    public void AddExtra(RelativePath path)
    {
        Interlocked.Increment(ref _extra);
        List(ComparedState.Extra, path, "is not in the snapshot");
    }

    public ComparisonReport ToReport() => new()
    {
        EqualFiles = _equalFiles,
        EqualBytes = _equalBytes,
        Missing = _missing,
        MissingFiles = _missingFiles,
        MissingBytes = _missingBytes,
        Different = _different,
        DifferentFiles = _differentFiles,
        Extra = _extra,
        Items = [.. _items],
    };

    private void List(ComparedState state, RelativePath path, string reason)
    {
        if (Interlocked.Increment(ref _listed[(int)state]) <= ComparisonReport.MaxListed)
        {
            _items.Enqueue(new ComparedItem(state, path.ToString(), reason));
        }
    }
}

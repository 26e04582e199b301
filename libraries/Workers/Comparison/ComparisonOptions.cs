namespace StellaOps.Backup.Workers.Comparison;

/// <summary>How to compare.</summary>
public sealed record ComparisonOptions
{
    /// <summary>Counts other modes, times and, as root, owners as differences.</summary>
    public bool Metadata { get; init; }

    /// <summary>Files that are read at the same time, with 512 KiB of memory each.</summary>
    public int Readers { get; init; } = Math.Clamp(Environment.ProcessorCount, 2, 16);

    /// <summary>Hears of every file that is equal, with the SHA-256 of its content, from any thread. Costs a second hash of all content.</summary>
    public Action<RelativePath, ReadOnlyMemory<byte>>? OnEqualFile { get; init; }

    /// <summary>Files and bytes compared since the last call, from any thread.</summary>
    public Action<long, long>? OnProgress { get; init; }
}

using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.Repository.Copying;

/// <summary>What to copy.</summary>
public sealed record CopyRequest
{
    /// <summary>Snapshots to copy; null copies all.</summary>
    public IReadOnlyCollection<BlobId>? Snapshots { get; init; }

    /// <summary>Says what would be copied, and changes nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>Waited for before each read: who has more important work to do ends it later. Null never waits.</summary>
    public Func<CancellationToken, Task>? OnRead { get; init; }

    /// <summary>What a copy does about snapshots that were forgotten and can be brought back.</summary>
    internal ForgottenRule Forgotten { get; init; }

    /// <summary>Told after each read, by one thread at a time.</summary>
    public Action<CopyProgress>? OnProgress { get; init; }
}

/// <summary>What forgotten snapshots mean to a copy.</summary>
internal enum ForgottenRule
{
    /// <summary>Nothing: those of the source are not copied, and what the target has forgotten comes back when the source still has it.</summary>
    Ignored,

    /// <summary>Those of the source are copied as what they are: they can be brought back in the target until their grace is over.</summary>
    Carried,

    /// <summary>What the target has forgotten counts as present.</summary>
    Present,
}

/// <summary>How far a copy is. Sizes in stored bytes of the source.</summary>
/// <param name="Blobs">Blobs moved.</param>
/// <param name="BlobsTotal">Blobs that the target lacked.</param>
/// <param name="Bytes">Bytes moved.</param>
/// <param name="BytesTotal">Bytes that the target lacked.</param>
/// <param name="Elapsed">Time since the first read.</param>
public readonly record struct CopyProgress(long Blobs, long BlobsTotal, long Bytes, long BytesTotal, TimeSpan Elapsed)
{
    /// <summary>Bytes moved in a second, on average.</summary>
    public double BytesPerSecond => Elapsed > TimeSpan.Zero ? Bytes / Elapsed.TotalSeconds : 0;
}

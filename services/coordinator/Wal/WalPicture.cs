using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Wal.Coverage;

namespace StellaOps.Backup.Coordinator.Wal;

/// <summary>What the status needs of a WAL archive, without its listing, which may be long.</summary>
internal sealed record WalPicture
{
    public required ulong SystemIdentifier { get; init; }

    /// <summary>Name of the cluster as its archiver wrote it; null when none has.</summary>
    public string? Cluster { get; init; }
    public uint? Timeline { get; init; }

    /// <summary>Null while nothing of the timeline is archived.</summary>
    public Lsn? ArchivedTo { get; init; }
    public DateTimeOffset? WrittenAt { get; init; }
    public DateTimeOffset? CaughtUpAt { get; init; }
    public required IReadOnlyList<ReachableWindow> Windows { get; init; }
    public required IReadOnlyList<WalGapView> OpenGaps { get; init; }

    /// <summary>The window that goes on to the end of the archive; null when WAL is missing on the way, or there is no base backup.</summary>
    public ReachableWindow? Current => Windows.LastOrDefault(window => window.Timeline == Timeline && window.To >= ArchivedTo);
}

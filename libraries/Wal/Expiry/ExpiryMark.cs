using StellaOps.Backup.Postgres;
using StellaOps.Backup.Wal.Manifests;

namespace StellaOps.Backup.Wal.Expiry;

/// <summary>
/// <c>expired.json</c>: before which position of each timeline WAL is not kept any more. Written before anything is removed, so that what a crash
/// leaves of it is never taken for an archive with holes. A timeline that is not in it has lost nothing.
/// </summary>
public sealed record ExpiryMark : IWalDocument
{
    /// <summary>Version of the format.</summary>
    public int Version { get; init; } = WalJson.Version;

    /// <summary>By timeline. No position ever goes back.</summary>
    public required IReadOnlyList<TimelineExpiry> Timelines { get; init; }

    /// <summary>When the last of it was decided, by the clock of who did.</summary>
    public required DateTimeOffset ExpiredAt { get; init; }

    /// <summary>The first position of a timeline that is kept; null when all of it is.</summary>
    public Lsn? Before(uint timeline) => Timelines.FirstOrDefault(one => one.Timeline == timeline)?.Before;
}

/// <summary>What of one timeline is not kept.</summary>
/// <param name="Timeline">Timeline.</param>
/// <param name="Before">Nothing before it is kept; the start of a segment.</param>
public sealed record TimelineExpiry(uint Timeline, Lsn Before);

using System.Globalization;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Backups;
using StellaOps.Backup.Postgres.Control;
using StellaOps.Backup.Postgres.Files;

namespace StellaOps.Backup.DatabaseBackup.Backups;

/// <summary>Where a backup that begins stands in the history of its cluster, and what its clocks say.</summary>
internal sealed record BackupPosition
{
    // Clocks of the server and of the machine that holds its files may differ by that much.
    private static readonly TimeSpan ClockDifference = TimeSpan.FromMinutes(1);

    private const string OlderVersion = "the last backup was taken by an older version of this product";

    public required string SystemIdentifier { get; init; }
    public required int Timeline { get; init; }
    public required Lsn Start { get; init; }
    public required bool FullPageWrites { get; init; }

    /// <summary>Switched on by <c>pg_checksums</c>, without WAL: every page is another one then.</summary>
    public required bool PageChecksums { get; init; }

    /// <summary><see cref="ClusterListing.FileClock"/>.</summary>
    public required DateTimeOffset FileClock { get; init; }

    /// <summary><see cref="ClusterListing.DirectoryMadeAt"/>.</summary>
    public required DateTimeOffset? DirectoryMadeAt { get; init; }

    /// <summary><see cref="ServerFacts.StartedAt"/>.</summary>
    public required DateTimeOffset ServerStartedAt { get; init; }

    /// <summary>True when a file has a time that is yet to come: the clock was set back, and times may come a second time.</summary>
    public required bool FutureTimes { get; init; }

    public static BackupPosition Of(BaseBackupSession session, ControlData control, ClusterListing listing) => new()
    {
        SystemIdentifier = control.SystemIdentifier.ToString(CultureInfo.InvariantCulture),
        Timeline = (int)control.Timeline,
        Start = session.Start,
        FullPageWrites = session.Server.FullPageWrites,
        PageChecksums = session.Server.PageChecksums,
        FileClock = listing.FileClock,
        DirectoryMadeAt = listing.DirectoryMadeAt,
        ServerStartedAt = session.Server.StartedAt,
        FutureTimes = listing.Files.Any(file => !file.IsDirectory && file.Changed > listing.ServerClock + ClockDifference),
    };

    /// <summary>Why files of an earlier backup of this cluster cannot be told to be unchanged; null when they can.</summary>
    public string? WhyNot(BaseBackupFacts earlier, int fullReadDays) =>
        earlier.Read is not { } read ? OlderVersion
        : read.DirectoryMadeAt != DirectoryMadeAt ? "the last backup is of another data directory: that of a standby or of the primary, or a copy"
        : earlier.Cut.Timeline != Timeline ? $"the last backup is of timeline {earlier.Cut.Timeline}, the cluster is on timeline {Timeline}"
        : Lsn.Parse(earlier.Cut.StopLsn) > Start ? $"the last backup ended at {earlier.Cut.StopLsn} and the cluster is at {Start}: it was set back"
        : FileClock < read.ListedAt || FutureTimes ? "the clock of the server or of its files was set back"
        : earlier.Cut.PageChecksums != PageChecksums ? $"page checksums were switched {(PageChecksums ? "on" : "off")} since the last backup"
        : !FullPageWrites ? "full_page_writes is off"
        : FileClock - read.AllReadAt >= TimeSpan.FromDays(fullReadDays) ? $"the last time that all files were read is {fullReadDays} days ago or more"
        : null;

    /// <summary>
    /// Why the cluster may not have gone on from the end of an earlier backup; null when it has. A disk that was put back to an earlier state brings the times of its files back, too: one
    /// that was written while that backup ran looks as it did when it was listed, and its newer content is what was read.
    /// </summary>
    /// <param name="earlier">That backup.</param>
    /// <param name="hasItsWal">Whether the server has the last WAL of that backup; null when it has removed the segment.</param>
    public string? WhyApart(BaseBackupFacts earlier, bool? hasItsWal) => hasItsWal switch
    {
        true => null,
        false => $"the server has other WAL before {earlier.Cut.StopLsn} than the last backup: it was put back to an earlier state",

        // Whatever puts a disk back starts the server again.
        null when earlier.Read?.ServerStartedAt == ServerStartedAt => null,
        null when earlier.Read?.ServerStartedAt is null => OlderVersion,
        null => $"the server was started again since the last backup, and has removed the WAL before {earlier.Cut.StopLsn} that would show that it was not put back to an earlier state",
    };
}

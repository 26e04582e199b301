using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Wal.Coverage;

namespace StellaOps.Backup.Wal.Recovery;

/// <summary>How a recovery gets to its target: proven by what the archive lists, before anything is changed.</summary>
public sealed record RecoveryPlan
{
    /// <summary>Base backup to begin with.</summary>
    public required BaseCut Base { get; init; }

    /// <summary>Timeline to recover along.</summary>
    public required uint Timeline { get; init; }

    /// <summary>Segments that the replay asks for, in order.</summary>
    public required IReadOnlyList<WalName> Segments { get; init; }

    /// <summary>Bytes of WAL to replay.</summary>
    public required long Bytes { get; init; }

    /// <summary>How much is replayed, for a human.</summary>
    public string Replay => $"{Segments.Count} {(Segments.Count == 1 ? "segment" : "segments")} with {Bytes} bytes of WAL";

    /// <summary>What was asked for; <see cref="Target"/> where nothing was.</summary>
    public Postgres.Recovery.RecoveryTarget Asked { get => field ?? Target; init; }

    /// <summary>What the server is told.</summary>
    public required Postgres.Recovery.RecoveryTarget Target { get; init; }

    /// <summary>Where it will stop.</summary>
    public required RecoveryStop Stop { get; init; }
}

/// <summary>Where a recovery stops, found in the WAL itself.</summary>
/// <param name="At">Position that the replay will have reached: the switch to the new timeline.</param>
/// <param name="Needed">All WAL before it has to be there: the record that ends the replay is read whole, also where it is not replayed.</param>
/// <param name="LastCommitAt">Time of the last commit or abort that was seen before the stop; null when none was.</param>
/// <param name="Record">Start of the record that ends the replay; null where none does.</param>
public sealed record RecoveryStop(Lsn At, Lsn Needed, DateTimeOffset? LastCommitAt, Lsn? Record = null);

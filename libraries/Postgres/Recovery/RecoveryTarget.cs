using System.Globalization;

namespace StellaOps.Backup.Postgres.Recovery;

/// <summary>What a recovery is aimed at (PostgreSQL manual, "Recovery Target").</summary>
public enum RecoveryTargetKind
{
    /// <summary>A point in time, by the clock of the server that wrote the WAL.</summary>
    Time,

    /// <summary>A position.</summary>
    Lsn,

    /// <summary>The end of a transaction.</summary>
    Xid,

    /// <summary>A named restore point.</summary>
    Name,

    /// <summary>The end of a base backup: the earliest consistent state.</summary>
    Immediate,
}

/// <summary>Where a recovery stops. Only the member of its kind is set.</summary>
public sealed record RecoveryTarget
{
    /// <summary>Which one.</summary>
    public required RecoveryTargetKind Kind { get; init; }

    /// <summary>Everything that was committed until then; PostgreSQL's clock has microseconds.</summary>
    public DateTimeOffset Time { get; init; }

    /// <summary>The first record that starts here or later is the last one.</summary>
    public Lsn Lsn { get; init; }

    /// <summary>Transaction id; of a 64-bit one the lower half counts, as in PostgreSQL.</summary>
    public uint Xid { get; init; }

    /// <summary>Name of a restore point.</summary>
    public string? Name { get; init; }

    /// <summary>Stop just before the target instead of just after it.</summary>
    public bool Exclusive { get; init; }

    /// <summary>
    /// The server's settings for it, in the order in which they have to be set. All kinds are named, so that no other target counts; the empty
    /// ones come first, as PostgreSQL takes an empty target that follows a set one for a second one.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string>> Settings()
    {
        KeyValuePair<string, string>[] all =
        [
            new("recovery_target", Kind == RecoveryTargetKind.Immediate ? "immediate" : ""),
            new("recovery_target_lsn", Kind == RecoveryTargetKind.Lsn ? Lsn.ToString() : ""),
            new("recovery_target_name", Kind == RecoveryTargetKind.Name ? Name! : ""),
            new("recovery_target_time", Kind == RecoveryTargetKind.Time ? Time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff'+00'", CultureInfo.InvariantCulture) : ""),
            new("recovery_target_xid", Kind == RecoveryTargetKind.Xid ? Xid.ToString(CultureInfo.InvariantCulture) : ""),
            new("recovery_target_inclusive", Exclusive ? "off" : "on"),
            new("recovery_target_action", "promote"),
        ];
        return [.. all.OrderBy(setting => setting.Value.Length > 0)];
    }

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        RecoveryTargetKind.Time => $"{(Exclusive ? "before " : "")}{Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture)}",
        RecoveryTargetKind.Lsn => $"{(Exclusive ? "before " : "")}LSN {Lsn}",
        RecoveryTargetKind.Xid => string.Create(CultureInfo.InvariantCulture, $"{(Exclusive ? "before " : "")}transaction {Xid}"),
        RecoveryTargetKind.Name => $"restore point '{Name}'",
        _ => "the end of a base backup",
    };
}

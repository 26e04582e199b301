using StellaOps.Backup.Repository.Copying;

namespace StellaOps.Backup.Repository.Rotation;

/// <summary>From which password to which.</summary>
public sealed record RotationRequest
{
    /// <summary>Opens the epoch that is in charge.</summary>
    public required string Password { get; init; }

    /// <summary>Will open the next one, whose master key is new.</summary>
    public required string NewPassword { get; init; }

    /// <summary>
    /// Copies that are made while backups go on; the last one, under an exclusive lock, then has little left. Ends earlier when a round finds nothing.
    /// </summary>
    public int MostRounds { get; init; } = 5;

    /// <summary>Told how each round advances.</summary>
    public Action<RotationProgress>? OnProgress { get; init; }
}

/// <summary>How far a rotation is.</summary>
/// <param name="Round">Counted from 1.</param>
/// <param name="IsLast">True under the exclusive lock.</param>
/// <param name="Copy">Progress of this round's copy.</param>
public readonly record struct RotationProgress(int Round, bool IsLast, CopyProgress Copy);

using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;

namespace StellaOps.Backup.Repository.Repairing;

/// <summary>What to heal, and from where.</summary>
public sealed record RepairRequest
{
    /// <summary>Other repositories that may hold what is lost, under whatever key, with their index loaded; the first that has it serves.</summary>
    public IReadOnlyList<ResticRepository> Sources { get; init; } = [];

    /// <summary>Snapshots that have to be there, such as those of recovery points; missing ones are copied back. Others may have been forgotten on purpose.</summary>
    public IReadOnlyCollection<BlobId> WantedSnapshots { get; init; } = [];

    /// <summary>What a verify found; null verifies everything first.</summary>
    public CheckReport? Damage { get; init; }

    /// <summary>Password that opened the repository: damaged key files are replaced by one for it. Null leaves them.</summary>
    public string? Password { get; init; }

    /// <summary>Says what would be done, and changes nothing. It does not see what a lost tree needs.</summary>
    public bool DryRun { get; init; }

    /// <summary>Told how the verify at the beginning advances.</summary>
    public Action<VerifyProgress>? OnVerify { get; init; }
}

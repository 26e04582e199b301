namespace StellaOps.Backup.Repository.Rotation;

/// <summary>What a rotation did.</summary>
public sealed record RotationReport
{
    /// <summary>Epoch that is in charge now.</summary>
    public required int Epoch { get; init; }

    /// <summary>Folder of its repository in the location.</summary>
    public required string Folder { get; init; }

    /// <summary>Folder of the epoch before it, which stays readable until it is removed.</summary>
    public required string OldFolder { get; init; }

    /// <summary>Id of the new repository.</summary>
    public required string RepositoryId { get; init; }

    /// <summary>Snapshots that it holds.</summary>
    public required int Snapshots { get; init; }

    /// <summary>Forgotten snapshots that can be brought back in it, until the grace that they had is over.</summary>
    public required int Forgotten { get; init; }

    /// <summary>Forgotten snapshots of the old epoch whose data was gone already, each with the reason.</summary>
    public IReadOnlyList<string> ForgottenLost { get; init; } = [];

    /// <summary>Copies that were made, the one under the exclusive lock included.</summary>
    public required int Rounds { get; init; }

    /// <summary>True when an earlier run had put the epoch in charge, and this one only finished it.</summary>
    public required bool WasInCharge { get; init; }

    /// <summary>How long backups had to wait.</summary>
    public required TimeSpan Locked { get; init; }
}

using StellaOps.Backup.Portable.Format;

namespace StellaOps.Backup.Portable.Manifests;

/// <summary>
/// What an archive holds: the payload of its first file, a DSSE envelope. It names by digest the small files that follow, and the lists that
/// name by digest all others: who has checked its signature can check every byte.
/// </summary>
public sealed record ArchiveManifest
{
    public const int CurrentVersion = 1;

    public required int Version { get; init; }

    /// <summary>Id of the recovery point.</summary>
    public required Guid PointId { get; init; }

    public required string PointName { get; init; }

    /// <summary>True when the point holds every component that was configured when it was taken.</summary>
    public required bool Full { get; init; }

    /// <summary>Start of the point.</summary>
    public required DateTimeOffset PointStartedAt { get; init; }

    /// <summary>PEM, the public half of the key that signed. For those who have no other way to learn it.</summary>
    public required string PublicKey { get; init; }

    /// <summary>The files behind the manifest, in order.</summary>
    public required IReadOnlyList<ArchiveMember> Members { get; init; }

    /// <summary>Paths of those of them that list the files which follow, in order.</summary>
    public required IReadOnlyList<string> Lists { get; init; }
}

using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Parts;

namespace StellaOps.Backup.Coordinator.Points;

/// <summary>What is known of a point's worth, in one word of the API.</summary>
internal static class PointProof
{
    public const string Unverified = "unverified";
    public const string Verified = "verified";
    public const string Proven = "proven";
    public const string Damaged = "damaged";

    /// <summary>
    /// Damaged when any component is known to be. Otherwise the weakest component counts, and of each component what was found
    /// last: a restore that failed after one that succeeded leaves the point unverified. Of an archived point that means that the archive is damaged.
    /// </summary>
    public static string Of(PointRow point)
    {
        if (point.Snapshots.Exists(snapshot => snapshot.Damages.Count > 0))
        {
            return Damaged;
        }

        var parts = point.Manifest.Components.Select(snapshot => new Part(snapshot.Component, snapshot.Cluster)).ToList();
        if (point.Manifest.Archive is not null && parts.Exists(part => point.Proofs.Where(proof => proof.Part == part).MaxBy(proof => proof.At) is { Passed: false }))
        {
            return Damaged;
        }

        var depths = (point.Manifest.Archive is null ? point.Snapshots.ConvertAll(snapshot => snapshot.Part) : parts).ConvertAll(part => DepthOf(point, part));
        return depths.Count == 0 || depths.Contains(null) ? Unverified
            : depths.Contains(ProofDepth.Verified) ? Verified
            : Proven;
    }

    /// <summary>What the last proofs of one part say; null when it was never proven, or failed since.</summary>
    public static ProofDepth? DepthOf(PointRow point, Part part) => point.Proofs.Where(proof => proof.Part == part)
        .OrderByDescending(proof => proof.At)
        .TakeWhile(proof => proof.Passed)
        .Select(proof => (ProofDepth?)proof.Depth)
        .Max();
}

using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Points;

namespace StellaOps.Backup.Coordinator.Status;

/// <summary>Points as the API shows them.</summary>
internal static class PointViews
{
    public static PointView ToView(this PointRow point) => new()
    {
        Id = point.Id,
        Name = point.Name,
        Full = point.Full,
        Outcome = point.Outcome,
        StartedAt = point.StartedAt,
        FinishedAt = point.FinishedAt,
        Bytes = point.Manifest.Components.Sum(snapshot => snapshot.Bytes),
        BytesAdded = point.Manifest.Components.Sum(snapshot => snapshot.BytesAdded),
        Components = point.Manifest.Components,
        Proofs = [.. point.Proofs.OrderBy(proof => proof.At).Select(proof => new ProofView
        {
            At = proof.At,
            Component = proof.Component,
            Cluster = proof.Part.Cluster,
            Passed = proof.Passed,
            OperationId = proof.OperationId,
            Result = proof.Result,
        })],
        Proof = PointProof.Of(point),
        Damages = [.. point.Snapshots.SelectMany(snapshot => snapshot.Damages)],
        Archive = point.Manifest.Archive,
        Copies = point.Manifest.Copies,
        Pin = point.Pin,
        Holds = point.Holds,
    };
}

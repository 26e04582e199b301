using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Points;

namespace StellaOps.Backup.Coordinator.Status;

/// <summary>The newest recovery point, and the newest whose restore was proven, however many there are after it.</summary>
internal sealed class NewestPoints(PointCatalog points)
{
    /// <summary>Points that are read at a time: of those that were restored nearly always the first is proven.</summary>
    internal const int Batch = 10;

    private IQueryable<PointRow> NewestFirst =>
        points.All.Where(point => !point.Deleting).OrderByDescending(point => point.FinishedAt).ThenByDescending(point => point.Id);

    /// <returns>Null when there is none.</returns>
    public Task<PointRow?> FindAsync(CancellationToken cancellationToken) => NewestFirst.FirstOrDefaultAsync(cancellationToken);

    /// <returns>Null when there is none.</returns>
    public async Task<PointRow?> FindProvenAsync(CancellationToken cancellationToken)
    {
        // A restore that passed is the least that it takes, and the catalog can look for that. Whether the point is proven follows from all its proofs.
        var restored = NewestFirst.Where(point => point.Proofs.Any(proof => proof.Passed && proof.Depth == ProofDepth.Restored));
        var rest = restored;
        while (true)
        {
            var batch = await rest.Take(Batch).ToListAsync(cancellationToken);
            if (batch.Find(point => PointProof.Of(point) == PointProof.Proven) is { } proven)
            {
                return proven;
            }

            if (batch.Count < Batch)
            {
                return null;
            }

            var (at, id) = (batch[^1].FinishedAt, batch[^1].Id);
            rest = restored.Where(point => point.FinishedAt < at || (point.FinishedAt == at && point.Id.CompareTo(id) < 0));
        }
    }
}

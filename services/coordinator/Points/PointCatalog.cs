using Microsoft.EntityFrameworkCore;
using Npgsql;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Parts;

namespace StellaOps.Backup.Coordinator.Points;

/// <summary>Points in the catalog.</summary>
internal sealed class PointCatalog(CatalogContext catalog)
{
    /// <summary>Points with their snapshots and proofs, not tracked.</summary>
    public IQueryable<PointRow> All => catalog.Points.AsNoTracking().Include(point => point.Snapshots).Include(point => point.Proofs).AsSplitQuery();

    /// <summary>Whether the location ought to hold something: then it is one, or the wrong place.</summary>
    public Task<bool> ExpectsLocationAsync(CancellationToken cancellationToken) => catalog.Snapshots.AnyAsync(cancellationToken);

    /// <summary>The point with this name or id.</summary>
    /// <exception cref="BackupException">There is none, or it is being deleted and <paramref name="deletingToo"/> is false.</exception>
    public async Task<PointRow> FindAsync(string nameOrId, CancellationToken cancellationToken, bool deletingToo = false)
    {
        var byId = Guid.TryParse(nameOrId, out var id);
        var point = await All.SingleOrDefaultAsync(point => point.Name == nameOrId, cancellationToken)
            ?? (byId ? await All.SingleOrDefaultAsync(point => point.Id == id, cancellationToken) : null)
            ?? throw new BackupException(ErrorCodes.PointNotFound, $"there is no recovery point '{nameOrId}'");
        return point.Deleting && !deletingToo
            ? throw new BackupException(ErrorCodes.OperationConflict, $"recovery point '{point.Name}' is being deleted", $"Finish it with 'stella backup delete --name {point.Name} --confirm', or use another point.")
            : point;
    }

    /// <summary>Lists the point, once.</summary>
    /// <exception cref="BackupException"><c>input.duplicate-name</c>: another one has its name.</exception>
    public async Task AddAsync(PointRow point, CancellationToken cancellationToken)
    {
        if (await catalog.Points.AnyAsync(row => row.Id == point.Id, cancellationToken))
        {
            return;
        }

        catalog.Points.Add(point);
        try
        {
            await catalog.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "IX_points_name" })
        {
            // Or whatever is saved next would be refused with it.
            catalog.ChangeTracker.Clear();
            throw new BackupException(
                ErrorCodes.DuplicateName, $"recovery point {point.Id} cannot be listed: the name '{point.Name}' is taken by another recovery point",
                "Delete that one, if it may go: this one is in the location, and is listed then.");
        }
    }

    /// <summary>Flags every point whose snapshot needs what was found damaged; always the one that was looked at.</summary>
    public async Task MarkDamagedAsync(Component component, string snapshotId, IReadOnlyList<Damage> damages, CancellationToken cancellationToken)
    {
        var named = damages.SelectMany(damage => damage.Snapshots).Append(snapshotId).Distinct().ToList();
        var hit = await catalog.Snapshots.Where(row => row.Component == component && named.Contains(row.SnapshotId)).ToListAsync(cancellationToken);
        foreach (var snapshot in hit)
        {
            var own = damages.Where(damage => snapshot.SnapshotId == snapshotId || damage.Snapshots.Contains(snapshot.SnapshotId));
            snapshot.Damages = [.. snapshot.Damages.Where(old => !damages.Any(damage => damage.Kind == old.Kind && damage.Item == old.Item)), .. own];
        }
    }

    /// <summary>All data of the snapshot was read again and is whole: it was repaired.</summary>
    public async Task ClearDamagesAsync(Guid pointId, Part part, CancellationToken cancellationToken)
    {
        var snapshot = await catalog.Snapshots.SingleOrDefaultAsync(
            row => row.PointId == pointId && row.Component == part.Component && row.Cluster == part.Column, cancellationToken);
        if (snapshot is { Damages.Count: > 0 })
        {
            snapshot.Damages = [];
        }
    }
}

using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Retention;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Coordinator.Secondary;

/// <summary>
/// One look at what the secondary location lacks, and the start of one operation that changes it: the newest point that is missing there first, and what was
/// dropped here when none is. Manifests that changed here are written first. What failed is passed over for a while, so that one point that cannot be copied does not keep back the others.
/// </summary>
internal sealed class SecondaryRound(
    CatalogContext catalog, Replicas replicas, SecondaryLocation secondary, SecondaryObjects objects, SecondaryBooks books, ReplicateDrafts drafts,
    ForgetTasks workers, OperationAcceptance acceptance, RebuildGate gate, CatalogHistory history, TimeProvider clock)
{
    /// <summary>Subject of the operations that it starts.</summary>
    public const string Subject = "secondary";

    private const int Remembered = 100;
    private static readonly TimeSpan AfterFailure = TimeSpan.FromMinutes(1), AfterOwnFailure = TimeSpan.FromMinutes(15);

    /// <returns>The operation that was started; null when there is nothing to do now.</returns>
    /// <exception cref="BackupException">One of the locations failed.</exception>
    /// <exception cref="StorageException">The secondary location failed.</exception>
    public async Task<Operation?> RunAsync(CancellationToken cancellationToken)
    {
        await gate.RequireOpenAsync(history, cancellationToken);
        var picture = await replicas.ReadAsync(cancellationToken);
        if (picture.IsComplete && !books.AreDue)
        {
            secondary.Problem = null;
            return null;
        }

        if (await books.CompareAsync(cancellationToken))
        {
            picture = await replicas.ReadAsync(cancellationToken);
        }

        var unwritten = await objects.SyncAsync(picture, books.LocationId, cancellationToken);
        await objects.ProtectAsync(picture, cancellationToken);
        await books.SaveRulesAsync(objects, cancellationToken);
        var failed = await FailedAsync(cancellationToken);
        secondary.Problem = failed.Count == 0 ? unwritten.Values.FirstOrDefault() : failed[0].Error?.Message;
        if ((failed is [var last, ..] && last.FinishedAt > clock.GetUtcNow() - AfterFailure)
            || await catalog.Operations.AnyAsync(operation => operation.Kind == OperationKind.Replicate && operation.CurrentState != nameof(OperationState.Finished), cancellationToken))
        {
            return null;
        }

        var live = await workers.LiveAsync(cancellationToken);
        return await CopyAsync(picture, live, failed, cancellationToken) ?? await DropAsync(picture, live, failed, unwritten.Keys, cancellationToken);
    }

    private async Task<Operation?> CopyAsync(ReplicaPicture picture, IReadOnlyDictionary<Component, Part> live, List<Operation> failed, CancellationToken cancellationToken)
    {
        var waits = failed.Select(operation => operation.PointId).ToHashSet();
        var next = picture.Missing.FirstOrDefault(point => !waits.Contains(point.Id) && point.Lacking.Any(snapshot => live.ContainsKey(snapshot.Component)));
        return next is null ? null : await acceptance.AcceptAsync(new Caller { Subject = Subject }, token => drafts.CopyAsync(next, live, token), cancellationToken);
    }

    /// <summary>A manifest there that could not be made what it is here still names what was dropped: then that stays, too.</summary>
    private async Task<Operation?> DropAsync(
        ReplicaPicture picture, IReadOnlyDictionary<Component, Part> live, List<Operation> failed, IEnumerable<Guid> unwritten, CancellationToken cancellationToken)
    {
        if (failed.Exists(operation => operation.PointId is null))
        {
            return null;
        }

        var dropped = new List<ReplicatedSnapshot>();
        var synced = picture.Points.Where(point => point.Lacking.Count == 0).Select(point => point.Id).ToHashSet();
        foreach (var (row, gone) in picture.Dropped.Where(one => !unwritten.Contains(one.Row.PointId)).TakeWhile(_ => dropped.Count < ReplicateDrafts.MostDropped))
        {
            var now = gone.FindAll(snapshot => live.ContainsKey(snapshot.Component));
            if (now.Count > 0 || gone.Count == 0)
            {
                // Durable after this: no manifest there names them, or it says in which archive they are. Killed here, the next round finds them still in its
                // books, and goes on.
                if (!synced.Contains(row.PointId))
                {
                    await objects.UnlistAsync(row, now, cancellationToken);
                }

                dropped.AddRange(now);
            }
        }

        return dropped.Count == 0 ? null : await acceptance.AcceptAsync(new Caller { Subject = Subject }, token => drafts.DropAsync(dropped, live, token), cancellationToken);
    }

    /// <summary>What failed a short while ago and has not succeeded since, the newest first.</summary>
    private async Task<List<Operation>> FailedAsync(CancellationToken cancellationToken)
    {
        var since = clock.GetUtcNow() - AfterOwnFailure;
        var recent = await catalog.Operations.AsNoTracking()
            .Where(operation => operation.Kind == OperationKind.Replicate && operation.FinishedAt > since)
            .OrderByDescending(operation => operation.FinishedAt).Take(Remembered).ToListAsync(cancellationToken);
        return [.. recent.DistinctBy(operation => operation.PointId).Where(operation => operation.Outcome == Outcome.Failed)];
    }
}

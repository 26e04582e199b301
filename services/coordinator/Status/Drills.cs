using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Tasks;

namespace StellaOps.Backup.Coordinator.Status;

/// <summary>What verifications, test-restores and real restores measured of the steps of a recovery.</summary>
internal sealed class Drills(CatalogContext catalog)
{
    private const int Examined = 50;

    /// <summary>A restore that wrote less than this part of the data says nothing about one that writes all of it.</summary>
    private const double WholeEnough = 0.9;

    /// <summary>The newest measurement of each step.</summary>
    /// <param name="part">The cluster.</param>
    /// <param name="bytesOf">Size of the part in a point; null when the point does not hold it any more.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyDictionary<string, Drill>> NewestAsync(Part part, Func<Guid, long?> bytesOf, CancellationToken cancellationToken)
    {
        var proofs = await catalog.Proofs.AsNoTracking()
            .Where(proof => proof.Component == part.Component && proof.Cluster == part.Column && proof.Passed)
            .OrderByDescending(proof => proof.At).Take(Examined).ToListAsync(cancellationToken);
        var restores = await catalog.Tasks.AsNoTracking()
            .Where(task => task.Kind == OperationKind.Restore && task.Component == part.Component && task.Cluster == part.Column && task.State == TaskState.Finished)
            .OrderByDescending(task => task.EndedAt).Take(Examined).ToListAsync(cancellationToken);
        return proofs.SelectMany(proof => Of(proof, bytesOf)).Concat(restores.SelectMany(Of))
            .Where(drill => drill.Seconds > 0 && drill.Bytes is not 0)
            .GroupBy(drill => drill.Step)
            .ToDictionary(step => step.Key, step => step.MaxBy(drill => drill.At)!);
    }

    private static IEnumerable<Drill> Of(ProofRow proof, Func<Guid, long?> bytesOf) => (proof.Result?.Phases ?? []).Select(phase => phase.Phase switch
    {
        // Of a verification, how long all data took to be read; the packs that it counts are smaller than that.
        "verify" when proof.Depth == ProofDepth.Verified && bytesOf(proof.PointId) is { } bytes => Measured(Drill.Verify, phase, bytes),
        "restore" when (phase.Bytes ?? proof.Result?.BytesChecked) is { } bytes => Measured(Drill.Restore, phase, bytes),
        "start" => Measured(Drill.Start, phase, null),
        "replay" when phase.Bytes is { } bytes => Measured(Drill.Replay, phase, bytes),
        _ => null,
    }).OfType<Drill>().Select(drill => drill with { At = proof.At, By = proof.OperationId });

    private static IEnumerable<Drill> Of(TaskRow task)
    {
        if (task.Command is { Restore.DryRun: true } or { Recovery.DryRun: true } || task.Result?.Restore is not { } done)
        {
            return [];
        }

        return done.Phases.Select(phase => phase switch
        {
            { Phase: "verify", Bytes: { } bytes } => Measured(Drill.Verify, phase, bytes),
            { Phase: "write", Bytes: { } bytes } when done.BytesWritten >= WholeEnough * bytes => Measured(Drill.Restore, phase, bytes),
            { Phase: "replay", Bytes: { } bytes } => Measured(Drill.Replay, phase, bytes),
            _ => null,
        }).OfType<Drill>().Select(drill => drill with { At = task.EndedAt!.Value, By = task.OperationId });
    }

    private static Drill Measured(string step, PhaseTime phase, long? bytes) => new(step, phase.Duration.TotalSeconds, bytes);
}

/// <summary>One measured step.</summary>
/// <param name="Step">One of the constants.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Bytes">What it went through; null where the time does not depend on it.</param>
internal sealed record Drill(string Step, double Seconds, long? Bytes)
{
    public const string Verify = "verify";
    public const string Restore = "restore";
    public const string Start = "start";
    public const string Replay = "replay";

    public DateTimeOffset At { get; init; }

    /// <summary>The operation that did it.</summary>
    public Guid By { get; init; }
}

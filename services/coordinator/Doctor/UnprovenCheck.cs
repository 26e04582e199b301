using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Hosting.Announcements;

namespace StellaOps.Backup.Coordinator.Doctor;

/// <summary>
/// <c>check.points.unproven</c>: of every component, and cluster, there is a snapshot that was really restored, and it is not old. That the configuration was
/// says nothing of the database.
/// </summary>
internal sealed class UnprovenCheck(IServiceScopeFactory scopes, TimeProvider clock) : IServiceCheck
{
    private static readonly TimeSpan Fresh = TimeSpan.FromDays(7);

    public string Id => "check.points.unproven";

    public string Category => "storage";

    public async Task<CheckResult> RunAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return Judge(await ReadAsync(scope.ServiceProvider.GetRequiredService<CatalogContext>(), cancellationToken), clock.GetUtcNow());
    }

    public CheckResult Judge(IReadOnlyList<PointRow> points, DateTimeOffset now)
    {
        if (points.Count == 0)
        {
            return this.Result(CheckResults.Warn, "there is no recovery point yet", ["stella backup create --full"]);
        }

        var newestFirst = points.OrderByDescending(point => point.FinishedAt).ToList();
        var damaged = newestFirst.Where(IsDamaged).Select(point => point.Name).ToList();
        if (damaged.Count > 0)
        {
            return this.Result(CheckResults.Fail, $"damaged: {string.Join(", ", damaged)}", [$"stella backup info --name {damaged[0]}"]);
        }

        var parts = newestFirst.SelectMany(point => point.Snapshots).Select(snapshot => snapshot.Part).Distinct().Order().Select(part => Standing.Of(part, newestFirst)).ToList();
        var evidence = parts.ToDictionary(one => one.Part.Title, one => one.Proven is { } proven ? $"restored from {proven.Name}, of {proven.FinishedAt:u}" : "never restored");
        var never = parts.FindAll(one => one.Proven is null);
        var old = parts.FindAll(one => one.Proven is { } proven && proven != one.Newest && now - proven.FinishedAt > Fresh);
        var wanted = never.Concat(old).Select(one => one.Newest.Name).Distinct().Select(name => $"stella backup test-restore --name {name}").ToList();
        return never.Count > 0 ? this.Result(CheckResults.Warn, $"no restore was ever checked of {Titles(never)}", wanted, evidence)
            : old.Count > 0 ? this.Result(CheckResults.Warn, $"the newest that was restored and checked is older than {Fresh.TotalDays:0} days: {Titles(old)}", wanted, evidence)
            : this.Result(CheckResults.Pass, $"restored and checked: {Titles(parts)}", evidence: evidence);
    }

    /// <summary>As <see cref="PointProof.Of"/> says it; of an archived point, which has no snapshot in the location, by what was found last in its archive.</summary>
    private static bool IsDamaged(PointRow point) => point.Snapshots.Exists(snapshot => snapshot.Damages.Count > 0)
        || (point.Snapshots.Count == 0 && point.Proofs.GroupBy(proof => proof.Part).Any(proofs => proofs.MaxBy(proof => proof.At) is { Passed: false }));

    private static string Titles(IEnumerable<Standing> parts) => string.Join(", ", parts.Select(one => one.Part.Title));

    /// <summary>All points, as far as they are looked at here: without their manifests, which are large.</summary>
    private static async Task<IReadOnlyList<PointRow>> ReadAsync(CatalogContext catalog, CancellationToken cancellationToken)
    {
        var points = (await catalog.Points.AsNoTracking().Where(point => !point.Deleting).Select(point => new { point.Id, point.Name, point.FinishedAt }).ToListAsync(cancellationToken))
            .ConvertAll(row => new PointRow { Id = row.Id, Name = row.Name, FinishedAt = row.FinishedAt });
        var byId = points.ToDictionary(point => point.Id);
        foreach (var snapshot in (await catalog.Snapshots.AsNoTracking().ToListAsync(cancellationToken)).Where(snapshot => byId.ContainsKey(snapshot.PointId)))
        {
            byId[snapshot.PointId].Snapshots.Add(snapshot);
        }

        var proofs = await catalog.Proofs.AsNoTracking()
            .Select(proof => new ProofRow { PointId = proof.PointId, Component = proof.Component, Cluster = proof.Cluster, At = proof.At, Passed = proof.Passed, Depth = proof.Depth })
            .ToListAsync(cancellationToken);
        foreach (var proof in proofs.Where(proof => byId.ContainsKey(proof.PointId)))
        {
            byId[proof.PointId].Proofs.Add(proof);
        }

        return points;
    }

    /// <summary>How one part stands.</summary>
    /// <param name="Part">The part.</param>
    /// <param name="Newest">The newest point that holds it.</param>
    /// <param name="Proven">The newest whose restore of it was checked; null for none.</param>
    private sealed record Standing(Part Part, PointRow Newest, PointRow? Proven)
    {
        public static Standing Of(Part part, List<PointRow> newestFirst)
        {
            var holding = newestFirst.FindAll(point => point.Snapshots.Exists(snapshot => snapshot.Part == part));
            return new Standing(part, holding[0], holding.Find(point => PointUse.IsProven(point, point.Snapshots.Single(snapshot => snapshot.Part == part))));
        }
    }
}

using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Retention;

namespace StellaOps.Backup.Coordinator.Undeletion;

/// <summary>What a point has lost and can get back.</summary>
/// <param name="Id">Of the point.</param>
/// <param name="Rows">One for each part, at least one.</param>
internal sealed record ForgottenPoint(Guid Id, IReadOnlyList<ForgottenRow> Rows)
{
    /// <summary>As it was before it lost anything of this.</summary>
    public PointManifest Manifest => Rows.Select(row => row.Manifest).MaxBy(manifest => manifest.Components.Count)!;

    /// <summary>Until when all of it can be brought back.</summary>
    public DateTimeOffset Until => Rows.Min(row => row.Until);

    /// <summary>The manifest of the point with its parts back, some or all of them; full again when nothing is missing from what it was.</summary>
    /// <param name="current">What is left of it; null when nothing is.</param>
    public PointManifest With(PointManifest? current)
    {
        IEnumerable<ComponentSnapshot> held = [.. current?.Components ?? [], .. Rows.Select(row => row.Snapshot)];
        var parts = held.DistinctBy(PartOf).ToDictionary(PartOf);
        var order = Manifest.Components.Select(PartOf).Union(parts.Keys).Where(parts.ContainsKey);
        return (current ?? Manifest) with
        {
            Components = [.. order.Select(part => parts[part])],
            Full = current?.Full == true || (Manifest.Full && Manifest.Components.All(snapshot => parts.ContainsKey(PartOf(snapshot)))),
        };
    }

    public static Part PartOf(ComponentSnapshot snapshot) => new(snapshot.Component, snapshot.Cluster);
}

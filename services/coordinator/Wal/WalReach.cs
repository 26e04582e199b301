using System.Globalization;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Coverage;

namespace StellaOps.Backup.Coordinator.Wal;

/// <summary>How far recovery goes from the base backups of one point.</summary>
internal sealed class WalReach(IObjectStore location)
{
    /// <summary>A sentence for each cluster whose archive goes on where recovery from this point ends: WAL between them is gone.</summary>
    public async Task<IReadOnlyList<string>> LacksAsync(PointManifest manifest, CancellationToken cancellationToken)
    {
        var lacks = new List<string>();
        try
        {
            var archived = await WalInventory.ClustersAsync(location, cancellationToken);
            foreach (var snapshot in manifest.Components.Where(snapshot => snapshot.Database is not null))
            {
                var system = ulong.Parse(snapshot.Database!.SystemIdentifier, CultureInfo.InvariantCulture);
                if (archived.Contains(system) && Lack(await WalInventory.ReadAsync(location, system, null, cancellationToken), snapshot) is { } lack)
                {
                    lacks.Add(lack);
                }
            }
        }
        catch (Exception failure) when (failure is StorageException or WalException)
        {
            lacks.Add($"how far recovery goes from this point is not known: {failure.Message}");
        }

        return lacks;
    }

    private static string? Lack(WalInventory inventory, ComponentSnapshot snapshot)
    {
        var cut = snapshot.Database!;
        var start = new BaseCut("", (uint)cut.Timeline, Lsn.Parse(cut.StartLsn), Lsn.Parse(cut.StopLsn), snapshot.FinishedAt);
        var reached = ReachableWindows.Of(inventory, [start]).Select(window => window.To).DefaultIfEmpty(start.Stop).Max();
        if (inventory.State?.ArchivedTo is not { } archived || reached >= archived)
        {
            return null;
        }

        return reached == start.Stop
            ? $"WAL behind the end of this point's base backup, {cut.StopLsn}, is gone: its database comes back as it was then, and to no later time"
            : $"WAL behind {reached} is gone: recovery from this point's database goes no further";
    }
}

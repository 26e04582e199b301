using Microsoft.Extensions.Options;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Doctor;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Coordinator.Status;

/// <summary>What is in the location, and how fast that grows: one listing, and what the catalog knows. Nothing is read but names, so no password is needed.</summary>
internal sealed class StorageReport(
    PointCatalog points, [FromKeyedServices(LocationPatience.Asked)] IObjectStore location, IOptions<LocationSettings> settings, TimeProvider clock)
{
    private const string Wal = "wal";
    private const string Other = "other";
    private static readonly TimeSpan Period = TimeSpan.FromDays(7);

    public async Task<StorageView> ReadAsync(CancellationToken cancellationToken)
    {
        var since = clock.GetUtcNow() - Period;
        var snapshots = await SnapshotsAsync(cancellationToken);
        var days = Days(snapshots);
        var stored = await ListAsync(since, cancellationToken);
        var names = Components.All.Select(component => component.Name()).Where(name => stored.ContainsKey(name) || snapshots[name].Any()).Append(Wal).Append(Other);
        List<StorageUsage> usage = [.. names.Select(name => Of(name, stored.GetValueOrDefault(name), [.. snapshots[name]], since, days))];
        var added = usage.Sum(one => one.AddedBytesPerDay);
        var drive = LocationDrive.Find(settings.Value);
        return new StorageView
        {
            Location = location.Description,
            SizeBytes = drive?.TotalSize,
            FreeBytes = drive?.AvailableFreeSpace,
            Objects = usage.Sum(one => one.Objects),
            Bytes = usage.Sum(one => one.Bytes),
            AddedBytesPerDay = added,
            DaysUntilFull = drive is not null && added > 0 ? Math.Round(drive.AvailableFreeSpace / (double)added, 1) : null,
            Usage = usage,
        };
    }

    private async Task<ILookup<string, ComponentSnapshot>> SnapshotsAsync(CancellationToken cancellationToken)
    {
        var manifests = await points.All.Where(point => !point.Deleting).Select(point => point.Manifest).ToListAsync(cancellationToken);
        return manifests.Where(manifest => manifest.Archive is null).SelectMany(manifest => manifest.Components).ToLookup(snapshot => snapshot.Component.Name());
    }

    /// <summary>The period, or the time since the first point where that is shorter; a day at least.</summary>
    private double Days(ILookup<string, ComponentSnapshot> snapshots)
    {
        var first = snapshots.SelectMany(group => group).Select(snapshot => snapshot.StartedAt).DefaultIfEmpty(DateTimeOffset.MinValue).Min();
        return Math.Clamp((clock.GetUtcNow() - first).TotalDays, 1, Period.TotalDays);
    }

    private async Task<Dictionary<string, Stored>> ListAsync(DateTimeOffset since, CancellationToken cancellationToken)
    {
        var stored = new Dictionary<string, Stored>(StringComparer.Ordinal);
        try
        {
            await foreach (var found in location.ListAsync("", cancellationToken))
            {
                var name = NameOf(found.Key);
                var before = stored.GetValueOrDefault(name);
                stored[name] = new Stored(before.Objects + 1, before.Bytes + found.Length, before.NewBytes + (found.ModifiedAt >= since ? found.Length : 0));
            }

            return stored;
        }
        catch (StorageException failure)
        {
            throw failure.ToBackupException($"{location.Description} could not be listed");
        }
    }

    /// <summary>Also a repository of a later epoch, <c>evidence.2</c>, is its component's.</summary>
    private static string NameOf(string key)
    {
        var folder = key.Split('/') is [var first, _, ..] ? first : "";
        return folder == Wal ? Wal : Components.TryParse(folder.Split('.')[0], out var component) ? component.Name() : Other;
    }

    private static StorageUsage Of(string name, Stored stored, IReadOnlyList<ComponentSnapshot> snapshots, DateTimeOffset since, double days)
    {
        var isComponent = name is not (Wal or Other);
        var restore = snapshots.Sum(snapshot => snapshot.Bytes);
        var added = isComponent ? snapshots.Where(snapshot => snapshot.FinishedAt >= since).Sum(snapshot => snapshot.BytesAdded) : stored.NewBytes;
        return new StorageUsage
        {
            Name = name,
            Objects = stored.Objects,
            Bytes = stored.Bytes,
            Points = isComponent ? snapshots.Count : null,
            RestoreBytes = isComponent ? restore : null,
            Ratio = isComponent && stored.Bytes > 0 ? Math.Round(restore / (double)stored.Bytes, 1) : null,
            AddedBytesPerDay = (long)(added / days),
        };
    }

    /// <summary>Objects below one folder; new are those that were written in the period.</summary>
    private readonly record struct Stored(long Objects, long Bytes, long NewBytes);
}

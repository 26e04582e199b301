using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Coordinator.Protection;

/// <summary>
/// Pins and legal holds in the location: a catalog that was lost, or restored to an earlier state, does not come back without them. While there are both, what
/// either of them protects is protected.
/// </summary>
internal sealed partial class ProtectionCopies(CatalogContext catalog, [FromKeyedServices(LocationPatience.UnderLock)] IObjectStore location, TimeProvider clock, ILogger<ProtectionCopies> logger)
{
    private const string Folder = "protections/";
    private const int LargestCopy = 1 << 20;

    /// <summary>All of them, by point.</summary>
    /// <exception cref="BackupException">The location failed: then nothing is known of what is protected.</exception>
    public async Task<IReadOnlyDictionary<Guid, ProtectionCopy>> ReadAsync(CancellationToken cancellationToken)
    {
        var copies = new Dictionary<Guid, ProtectionCopy>();
        try
        {
            await foreach (var found in location.ListAsync(Folder, cancellationToken))
            {
                if (Guid.TryParseExact(Path.GetFileNameWithoutExtension(found.Key), "d", out var id) && await ReadAsync(id, cancellationToken) is { } copy)
                {
                    copies[id] = copy;
                }
            }

            return copies;
        }
        catch (StorageException failure)
        {
            throw failure.ToBackupException("pins and legal holds could not be read from the location");
        }
    }

    /// <summary>Makes the copy of one point what the catalog says. Under the acceptance lock, or two changes may be copied in the wrong order.</summary>
    /// <exception cref="BackupException">The location failed. One that is full is no failure: the next run of the retention makes room, and this again.</exception>
    public async Task SaveAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await catalog.Points.AsNoTracking().SingleOrDefaultAsync(point => point.Id == id, cancellationToken) is not { } point)
        {
            return;
        }

        try
        {
            if (Text(id, point.Pin, point.Holds) is { } text)
            {
                await location.PutAsync(Key(id), Encoding.UTF8.GetBytes(text), PutMode.Replace, cancellationToken);
            }
            else
            {
                await location.DeleteAsync(Key(id), cancellationToken);
            }
        }
        catch (StorageException full) when (full.Failure == StorageFailure.Full)
        {
            LogNoCopy(logger, id, full.Message);
        }
        catch (StorageException failure)
        {
            throw failure.ToBackupException($"what protects '{point.Name}' could not be written into the location");
        }
    }

    /// <summary>The same in a transaction of its own; a location that fails is logged.</summary>
    public async Task TrySaveAsync(Guid id, CancellationToken cancellationToken)
    {
        try
        {
            await using var transaction = await catalog.Database.BeginTransactionAsync(cancellationToken);
            await catalog.LockAsync(AdvisoryLock.Accept, cancellationToken);
            await SaveAsync(id, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        catch (BackupException failure)
        {
            LogNoCopy(logger, id, failure.Message);
        }
    }

    /// <summary>Makes all copies what the catalog says, as far as it knows their points: what a full location, or a crash, left undone.</summary>
    public async Task SaveAllAsync(CancellationToken cancellationToken)
    {
        var copies = await ReadAsync(cancellationToken);
        foreach (var point in await catalog.Points.AsNoTracking().Select(point => new { point.Id, point.Pin, point.Holds }).ToListAsync(cancellationToken))
        {
            if (Text(copies.GetValueOrDefault(point.Id)) != Text(point.Id, point.Pin, point.Holds))
            {
                await TrySaveAsync(point.Id, cancellationToken);
            }
        }
    }

    /// <summary>Gives points of the catalog what the location has and they lack.</summary>
    public async Task AdoptAsync(IEnumerable<ProtectionCopy> copies, CancellationToken cancellationToken)
    {
        foreach (var copy in copies)
        {
            await using var transaction = await catalog.Database.BeginTransactionAsync(cancellationToken);
            await catalog.LockAsync(AdvisoryLock.Accept, cancellationToken);
            if (await catalog.Points.SingleOrDefaultAsync(point => point.Id == copy.PointId, cancellationToken) is { } point && Adopt(point, copy))
            {
                LogAdopted(logger, point.Name, string.Join(", ", ProtectedPoint.Reasons(copy.Pin, copy.Holds)));
                await catalog.SaveChangesAsync(cancellationToken);
                await transaction.CommitAsync(cancellationToken);
            }
        }
    }

    /// <summary>Gives a point, which the caller saves, what the location has and it lacks.</summary>
    /// <exception cref="BackupException">The location failed: then nothing is known of what protects it.</exception>
    public async Task AdoptAsync(PointRow point, CancellationToken cancellationToken)
    {
        try
        {
            if (await ReadAsync(point.Id, cancellationToken) is { } copy && Adopt(point, copy))
            {
                LogAdopted(logger, point.Name, string.Join(", ", ProtectedPoint.Reasons(copy.Pin, copy.Holds)));
            }
        }
        catch (StorageException failure)
        {
            throw failure.ToBackupException($"what protects '{point.Name}' could not be read from the location");
        }
    }

    /// <returns>Whether the point lacked something.</returns>
    public static bool Adopt(PointRow point, ProtectionCopy copy)
    {
        var lacking = copy.Holds.Where(hold => point.Holds.All(own => own.Reason != hold.Reason)).ToList();
        var lacks = lacking.Count > 0 || (point.Pin is null && copy.Pin is not null);
        (point.Pin, point.Holds) = (point.Pin ?? copy.Pin, lacking.Count > 0 ? [.. point.Holds, .. lacking] : point.Holds);
        return lacks;
    }

    private async Task<ProtectionCopy?> ReadAsync(Guid id, CancellationToken cancellationToken)
    {
        try
        {
            var copy = JsonSerializer.Deserialize<ProtectionCopy>(await location.ReadAllAsync(Key(id), LargestCopy, cancellationToken), JsonColumn.Options);
            return copy?.PointId == id && copy.Version == ProtectionCopy.CurrentVersion && copy.Holds.All(hold => hold is not null) ? copy : throw new JsonException("it is of another point, of a version that is not known, or has a hold that is null");
        }
        catch (StorageException gone) when (gone.Failure == StorageFailure.NotFound)
        {
            return null; // It was released while we listed.
        }
        catch (Exception damaged) when (damaged is JsonException or StorageException { Failure: StorageFailure.Invalid })
        {
            // Somebody protected the point, and it cannot be said for how long: until somebody unpins it.
            LogDamaged(logger, Key(id), damaged.Message);
            var pin = new PointPin { By = "coordinator", At = clock.GetUtcNow(), Reason = $"{Key(id)} in the location is damaged; it may have been a legal hold" };
            return new ProtectionCopy { PointId = id, Pin = pin };
        }
    }

    /// <summary>Content of the copy of a point; null for one without pin and holds, which has none.</summary>
    public static string? Text(Guid id, PointPin? pin, IReadOnlyList<LegalHold> holds) =>
        pin is null && holds.Count == 0 ? null : Text(new ProtectionCopy { PointId = id, Pin = pin, Holds = holds });

    private static string? Text(ProtectionCopy? copy) => copy is null ? null : JsonSerializer.Serialize(copy, JsonColumn.Options);

    /// <summary>Where it is in a location.</summary>
    public static string Key(Guid id) => $"{Folder}{id:d}.json";

    [LoggerMessage(1, LogLevel.Warning, "the location has an older copy of what protects point {Point}: {Reason}")]
    private static partial void LogNoCopy(ILogger logger, Guid point, string reason);

    [LoggerMessage(2, LogLevel.Warning, "'{Point}' is protected again, as the location says: {Reasons}")]
    private static partial void LogAdopted(ILogger logger, string point, string reasons);

    [LoggerMessage(3, LogLevel.Warning, "{Key} in the location is damaged, and its point is taken for pinned: {Reason}")]
    private static partial void LogDamaged(ILogger logger, string key, string reason);
}

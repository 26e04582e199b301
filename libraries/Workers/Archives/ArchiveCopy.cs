using System.Text;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Portable;
using StellaOps.Backup.Portable.Reading;
using StellaOps.Backup.Portable.Writing;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Workers.Archives;

/// <summary>
/// Second stage of a copy: streams the listed files from the location into one archive at the destination, as they are, reads it back, and lets it
/// become the latest full one. Needs no password: nothing that it moves can be read by it.
/// </summary>
internal sealed class ArchiveCopy(IOptions<LocationSettings> location, TimeProvider clock)
{
    private const int LargestManifest = 64 << 20;

    public async Task<TaskResult> RunAsync(TaskContext context, ArchiveSpec spec, CancellationToken cancellationToken)
    {
        var source = ObjectStoreFactory.Open(location.Value, clock);
        await using var sourceDisposed = source.ConfigureAwait(false);
        var place = ObjectStoreFactory.Open(location.Value.ForArchives(spec.Destination), clock);
        await using var placeDisposed = place.ConfigureAwait(false);
        var members = new ArchiveMembers(source, context.OperationId, spec);
        var plan = await members.PlanAsync(cancellationToken).ConfigureAwait(false);
        var key = spec.PointName + ArchiveAddress.Suffix;
        var phases = new List<PhaseTime>();
        var notes = new List<string>();

        var taken = await TakeExistingAsync(place, key, plan, spec, cancellationToken).ConfigureAwait(false);
        if (taken is null)
        {
            await TimeAsync(phases, "write", plan.Length, () => WriteAsync(context, place, key, plan, members, cancellationToken)).ConfigureAwait(false);
        }

        // Durable from here on: the whole archive, under its own name. Killed now, the next attempt finds it and goes on with reading it back.
        var length = taken?.Length ?? plan.Length;
        try
        {
            await TimeAsync(phases, "read back", length, () => VerifyAsync(context, place, key, taken?.ManifestSha256 ?? plan.ManifestSha256, cancellationToken)).ConfigureAwait(false);
        }
        catch (BackupException exception) when (exception.Error == ErrorCodes.Damaged && taken is null)
        {
            // What was written is not what was stored, or an earlier attempt left what it should not: nobody is to go on with it, or to take it for an archive.
            await place.DeleteAsync(key, cancellationToken).ConfigureAwait(false);
            throw;
        }

        notes.Add($"{place.Description.TrimEnd('/')}/{key} was read back and is whole");
        if (spec.Full)
        {
            // Last, and at once: until then the latest archive is the one before, and whole.
            notes.Add(await BecomeLatestAsync(place, key, plan, cancellationToken).ConfigureAwait(false));
        }

        return new TaskResult
        {
            Outcome = Outcome.Complete,
            Copy = new CopyResult
            {
                Files = plan.Files,
                Bytes = length,
                Archive = $"{place.Description.TrimEnd('/')}/{key}",
                Manifest = taken is null || taken.ManifestSha256 == plan.ManifestSha256
                    ? null
                    : Encoding.UTF8.GetString(await taken.ReadAllAsync(ArchiveOpening.ManifestPath, LargestManifest, cancellationToken).ConfigureAwait(false)),
                Notes = notes,
                Phases = phases,
            },
        };
    }

    /// <summary>
    /// The archive that is there already, where it need not be written: an earlier attempt did, or, where existing ones are kept, another operation put the same
    /// snapshots there. Another point's of the same name is never replaced, and neither is what is no archive: it may be somebody's own file.
    /// </summary>
    private static async Task<ArchiveStore?> TakeExistingAsync(IObjectStore place, string key, ArchivePlan plan, ArchiveSpec spec, CancellationToken cancellationToken)
    {
        ArchiveStore found;
        try
        {
            found = await ArchiveOpening.OpenAsync(place, key, cancellationToken).ConfigureAwait(false);
        }
        catch (BackupException exception) when (exception.Error == ErrorCodes.ArchiveNotFound)
        {
            return null;
        }
        catch (BackupException exception) when (exception.Error == ErrorCodes.Damaged)
        {
            // A damaged one of this very point is written anew.
            return (await ArchiveOpening.FindManifestAsync(place, key, cancellationToken).ConfigureAwait(false))?.PointId == plan.Manifest.PointId ? null : throw new BackupException(
                ErrorCodes.DuplicateName, $"a file of that name is there already, and is no archive of this point: {exception.Message}", "Copy to another destination, or move that file away.", exception);
        }

        if (found.Manifest.PointId != plan.Manifest.PointId)
        {
            throw Taken(found, $"is the archive of another recovery point of that name, taken {found.Manifest.PointStartedAt:yyyy-MM-dd HH:mm} UTC");
        }

        return found.ManifestSha256 == plan.ManifestSha256 ? found
            : !spec.KeepsExisting ? null
            : await HoldsSameAsync(found, spec, cancellationToken).ConfigureAwait(false) ? found
            : throw Taken(found, "is an archive of this recovery point from when it held something else");
    }

    private static Task<bool> HoldsSameAsync(ArchiveStore found, ArchiveSpec spec, CancellationToken cancellationToken) =>
        HeldSnapshots.AreInAsync(found, path => Encoding.UTF8.GetBytes(spec.Files.Single(file => file.Path == path).Content), cancellationToken);

    private static BackupException Taken(ArchiveStore found, string what) => new(ErrorCodes.DuplicateName, $"{found.Description} {what}", "Name another destination, or move that archive away.");

    private static async Task WriteAsync(
        TaskContext context, IObjectStore place, string key, ArchivePlan plan, ArchiveMembers members, CancellationToken cancellationToken)
    {
        await SweepAsync(context, place, cancellationToken).ConfigureAwait(false);
        context.Progress.Begin("write", plan.Files, plan.Length);
        await using var content = new ArchiveStream(plan, async (member, token) =>
        {
            var read = await members.ReadAsync(member, token).ConfigureAwait(false);
            context.Progress.Add(1, read.Length);
            return read;
        })
        {
            OnGoOn = offset =>
            {
                context.Progress.Add(0, offset);
                context.Log.Info($"{place.Description.TrimEnd('/')}/{key}: an earlier attempt had stored {offset} of {plan.Length} bytes; it goes on there");
            },
        };
        await place.PutAsync(key, content, PutMode.Replace, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Removes what killed copies left of archives. It only takes space, so a place that does not let itself be swept is no reason to stop.</summary>
    private static async Task SweepAsync(TaskContext context, IObjectStore place, CancellationToken cancellationToken)
    {
        try
        {
            await place.SweepAsync("", cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException exception)
        {
            context.Log.Warning($"what earlier copies may have left in {place.Description} was not looked for: {exception.Message}");
        }
    }

    private static async Task VerifyAsync(TaskContext context, IObjectStore place, string key, string manifestSha256, CancellationToken cancellationToken)
    {
        var written = await ArchiveOpening.OpenAsync(place, key, cancellationToken).ConfigureAwait(false);
        context.Progress.Begin("read back", bytesTotal: written.Length);
        if (written.ManifestSha256 != manifestSha256)
        {
            throw new BackupException(ErrorCodes.OperationConflict, $"{written.Description} was replaced by another copy while this one was at work");
        }

        await ArchiveVerification.RunAsync(written, bytes => context.Progress.Add(1, bytes), cancellationToken).ConfigureAwait(false);
    }

    private static async Task<string> BecomeLatestAsync(IObjectStore place, string key, ArchivePlan plan, CancellationToken cancellationToken)
    {
        var latest = await TryOpenAsync(place, ArchiveAddress.LatestFull, cancellationToken).ConfigureAwait(false);
        if (latest is not null && latest.Manifest.PointStartedAt > plan.Manifest.PointStartedAt)
        {
            return $"{ArchiveAddress.LatestFull} stays: it holds '{latest.Manifest.PointName}', which is newer";
        }

        if (latest?.ManifestSha256 != plan.ManifestSha256)
        {
            await place.CopyAsync(key, ArchiveAddress.LatestFull, cancellationToken).ConfigureAwait(false);
        }

        return $"{ArchiveAddress.LatestFull} is this archive now";
    }

    /// <summary>Null where there is none, or none that can be read.</summary>
    private static async Task<ArchiveStore?> TryOpenAsync(IObjectStore place, string key, CancellationToken cancellationToken)
    {
        try
        {
            return await ArchiveOpening.OpenAsync(place, key, cancellationToken).ConfigureAwait(false);
        }
        catch (BackupException exception) when (exception.Error == ErrorCodes.ArchiveNotFound || exception.Error == ErrorCodes.Damaged)
        {
            return null;
        }
    }

    private async Task TimeAsync(List<PhaseTime> phases, string name, long bytes, Func<Task> work)
    {
        var startedAt = clock.GetTimestamp();
        await work().ConfigureAwait(false);
        phases.Add(new PhaseTime(name, clock.GetElapsedTime(startedAt)) { Bytes = bytes });
    }
}

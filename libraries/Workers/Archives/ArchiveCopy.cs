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
        var key = KeyOf(spec.PointName);
        var source = ObjectStoreFactory.Open(location.Value, clock);
        await using var sourceDisposed = source.ConfigureAwait(false);
        var place = ObjectStoreFactory.Open(location.Value.ForArchives(spec.Destination), clock);
        await using var placeDisposed = place.ConfigureAwait(false);
        var members = new ArchiveMembers(source, context.OperationId, spec);
        var plan = await members.PlanAsync(cancellationToken).ConfigureAwait(false);
        var phases = new List<PhaseTime>();

        var archive = await ExistingArchive.FindAsync(place, key, plan, spec, cancellationToken).ConfigureAwait(false);
        if (archive is null || !await IsWholeAsync(context, archive, phases, cancellationToken).ConfigureAwait(false))
        {
            await TimeAsync(phases, "write", plan.Length, () => WriteAsync(context, place, key, plan, members, cancellationToken)).ConfigureAwait(false);

            // Durable from here on: the whole archive, under its own name. Killed now, the next attempt finds it and goes on with reading it back.
            archive = await ReadBackAsync(context, place, key, plan, phases, cancellationToken).ConfigureAwait(false);
        }

        var notes = new List<string> { $"{archive.Description} was read back and is whole" };
        if (spec.Full)
        {
            // Last, and at once: until then the latest archive is the one before, and whole.
            notes.Add(await LatestArchive.BecomeAsync(place, key, archive, cancellationToken).ConfigureAwait(false));
        }

        return new TaskResult
        {
            Outcome = Outcome.Complete,
            Copy = new CopyResult
            {
                Files = plan.Files,
                Bytes = archive.Length,
                Archive = archive.Description,
                Manifest = archive.ManifestSha256 == plan.ManifestSha256
                    ? null
                    : Encoding.UTF8.GetString(await archive.ReadAllAsync(ArchiveOpening.ManifestPath, LargestManifest, cancellationToken).ConfigureAwait(false)),
                Notes = notes,
                Phases = phases,
            },
        };
    }

    private static string KeyOf(string pointName) => ArchiveAddress.IsReserved(pointName)
        ? throw new BackupException(
            ErrorCodes.DuplicateName,
            $"the archive of recovery point '{pointName}' would be {ArchiveAddress.LatestFull}, which is that of the newest full point of a destination, and any newer one would take its place",
            "Take a backup of another name, and copy that one.")
        : pointName + ArchiveAddress.Suffix;

    /// <summary>Whether an archive that is there can be taken. A damaged one is written anew: all that it should hold is in the location.</summary>
    private async Task<bool> IsWholeAsync(TaskContext context, ArchiveStore found, List<PhaseTime> phases, CancellationToken cancellationToken)
    {
        try
        {
            await ReadAsync(context, found, phases, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (BackupException exception) when (exception.Error == ErrorCodes.Damaged)
        {
            context.Log.Warning($"{exception.Message}; it is written anew");
            return false;
        }
    }

    /// <summary>What was written is read before anybody relies on it.</summary>
    private async Task<ArchiveStore> ReadBackAsync(
        TaskContext context, IObjectStore place, string key, ArchivePlan plan, List<PhaseTime> phases, CancellationToken cancellationToken)
    {
        try
        {
            var written = await ArchiveOpening.OpenAsync(place, key, cancellationToken).ConfigureAwait(false);
            if (written.ManifestSha256 != plan.ManifestSha256)
            {
                throw ExistingArchive.Replaced(place, key);
            }

            await ReadAsync(context, written, phases, cancellationToken).ConfigureAwait(false);
            return written;
        }
        catch (BackupException exception) when (exception.Error == ErrorCodes.Damaged)
        {
            // What was written is not what was stored, or an earlier attempt left what it should not: nobody is to go on with it, or to take it for an archive.
            await ExistingArchive.RemoveOwnAsync(place, key, plan, cancellationToken).ConfigureAwait(false);
            throw;
        }
    }

    private Task ReadAsync(TaskContext context, ArchiveStore archive, List<PhaseTime> phases, CancellationToken cancellationToken)
    {
        context.Progress.Begin("read back", bytesTotal: archive.Length);
        return TimeAsync(phases, "read back", archive.Length, () => ArchiveVerification.RunAsync(archive, bytes => context.Progress.Add(1, bytes), cancellationToken));
    }

    /// <summary>
    /// The new archive takes the name before it is read back. What had the name was damaged, or holds nothing that the location has not: should the new one be damaged
    /// and go, there is none of the name, and the point is in the location as it was.
    /// </summary>
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

    /// <summary>
    /// Removes what killed copies left of archives, and of nothing else: other programs may put their objects there, too. It only takes space, so a place that does not
    /// let itself be swept is no reason to stop.
    /// </summary>
    private static async Task SweepAsync(TaskContext context, IObjectStore place, CancellationToken cancellationToken)
    {
        try
        {
            await place.SweepAsync("", key => !key.Contains('/') && key.EndsWith(ArchiveAddress.Suffix, StringComparison.Ordinal), cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException exception)
        {
            context.Log.Warning($"what earlier copies may have left in {place.Description} was not looked for: {exception.Message}");
        }
    }

    private async Task TimeAsync(List<PhaseTime> phases, string name, long bytes, Func<Task> work)
    {
        var startedAt = clock.GetTimestamp();
        await work().ConfigureAwait(false);
        phases.Add(new PhaseTime(name, clock.GetElapsedTime(startedAt)) { Bytes = bytes });
    }
}

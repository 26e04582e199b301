using System.Globalization;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Locks;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Addresses;
using StellaOps.Backup.Workers.Failures;
using StellaOps.Backup.Workers.Proofs;
using StellaOps.Backup.Workers.Repositories;

namespace StellaOps.Backup.Workers.Trials;

/// <summary>
/// Trial: a backup up to the point where it would save something. Each step does what the backup does, with the same code and the same account; what a
/// step writes it takes away again. A step that fails does not hide what is wrong elsewhere.
/// </summary>
internal sealed class BackupTrial(ComponentRepositories repositories, IOptions<LocationSettings> location, FailureTable failures, TimeProvider clock)
{
    public async Task<TaskResult> RunAsync(TaskContext context, IComponentHandler handler, TrialSpec spec, CancellationToken cancellationToken)
    {
        var steps = new TrialSteps(failures.Expected, context.Progress, clock);
        await handler.TrySourceAsync(steps, cancellationToken).ConfigureAwait(false);
        steps.BeginGroup();
        await steps.TryAsync("location", token => TryLocationAsync(spec.ExpectsLocation, token), cancellationToken).ConfigureAwait(false);
        await TryRepositoryAsync(steps, handler.Component, cancellationToken).ConfigureAwait(false);
        steps.BeginGroup();
        await steps.TryAsync("space", _ => Task.FromResult(TrySpace(spec.ExpectedBytes)), cancellationToken).ConfigureAwait(false);
        return new TaskResult { Outcome = steps.All.Any(step => step.Error is not null) ? Outcome.Failed : Outcome.Complete, Trial = new TrialResult { Steps = steps.All } };
    }

    private async Task<string> TryLocationAsync(bool expected, CancellationToken cancellationToken)
    {
        var store = ObjectStoreFactory.Open(location.Value, clock);
        await using (store.ConfigureAwait(false))
        {
            await MissingLocation.RequireAsync(store, expected, cancellationToken).ConfigureAwait(false);
            return await StoreTrial.RunAsync(store, ArchiveExchange.Folder, cancellationToken).ConfigureAwait(false)
                ? $"{store.Description}: written, read back and deleted"
                : throw new BackupException(ErrorCodes.Damaged, $"{store.Description}: what was read is not what was written", "Look at the disk or the object store: it returned wrong data.");
        }
    }

    /// <summary>A lock of somebody else that is in the way is one that the backup would meet, too.</summary>
    private async Task TryRepositoryAsync(TrialSteps steps, Component component, CancellationToken cancellationToken)
    {
        ComponentRepository? opened = null;
        await steps.TryAsync("repository", async token =>
        {
            try
            {
                opened = await repositories.OpenAsync(component, expected: false, token).ConfigureAwait(false);
                return $"{opened.Folder} opens with its password";
            }
            catch (RepositoryException none) when (none.Failure == RepositoryFailure.NotFound)
            {
                return "there is none yet: the first backup makes it, with the password that is there";
            }
        }, cancellationToken).ConfigureAwait(false);
        if (opened is null)
        {
            steps.Skip("lock", "there is no open repository");
            return;
        }

        await using (opened.ConfigureAwait(false))
        {
            await steps.TryAsync("lock", async token =>
            {
                await (await opened.Repository.LockAsync(LockKind.Shared, token).ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
                return "taken and released";
            }, cancellationToken).ConfigureAwait(false);
        }
    }

    private string TrySpace(long? expected)
    {
        var next = expected is { } bytes ? $"the last backups added up to {Bytes(bytes)}" : "no backup before tells how much the next one adds";
        if (LocationAddress.Parse(location.Value.Url) is not LocalAddress local)
        {
            return $"an object store, which does not tell what is free; {next}";
        }

        var free = FreeSpace.Of(local.Path);
        return free >= (expected ?? 0)
            ? $"{Bytes(free)} are free; {next}"
            : throw new BackupException(ErrorCodes.StorageFull, $"{local.Path} has {Bytes(free)} free; {next}", "Free or add space: 'stella backup storage stats' shows what takes it.");
    }

    private static string Bytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes:N0} bytes");
}

using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Copying;
using StellaOps.Backup.Repository.Locks;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Rotation;

/// <summary>One rotation between two open repositories.</summary>
internal sealed class RotationRun(IObjectStore location, string component, int epoch, ResticRepository old, ResticRepository next, RotationRequest request)
{
    private int _round;
    private TimeSpan _locked;
    private bool _inCharge;
    private IReadOnlyList<FailedSnapshot> _forgottenLost = [];

    internal async Task<RotationReport> RunAsync(CancellationToken cancellationToken)
    {
        // (1) Backups go on; each round leaves less to the next.
        while (_round < request.MostRounds && (await CopyAsync(sourceLost: null, cancellationToken).ConfigureAwait(false)).Copied.Count > 0)
        {
        }

        // (2) What was copied is whole, before anything depends on it.
        if ((await next.CheckAsync(cancellationToken).ConfigureAwait(false)).Damages is [var damage, ..])
        {
            throw new RepositoryException(RepositoryFailure.Damaged, $"the new epoch is damaged, the old one stays in charge: {damage.Object}: {damage.Detail}");
        }

        // (3) The rest, and the switch, while nobody writes.
        await SwitchAsync(cancellationToken).ConfigureAwait(false);

        // (4) The lock may have been lost to another writer at the last moment: what it saved is copied, too.
        return await FinishAsync(wasInCharge: false, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Copies what the old epoch got that the new one, which is in charge, does not know.</summary>
    internal Task<RotationReport> FinishAsync(CancellationToken cancellationToken) => FinishAsync(wasInCharge: true, cancellationToken);

    internal static async Task<RotationReport> ReportAsync(
        ResticRepository repository, string component, int epoch, int rounds, bool wasInCharge, TimeSpan locked, CancellationToken cancellationToken) => new()
    {
        Epoch = epoch,
        Folder = LocationEpochs.Folder(component, epoch),
        OldFolder = LocationEpochs.Folder(component, epoch - 1),
        RepositoryId = repository.Id,
        Snapshots = await repository.ListSnapshotsAsync(cancellationToken).CountAsync(cancellationToken).ConfigureAwait(false),
        Forgotten = await repository.Forgotten.ListAsync(cancellationToken).CountAsync(cancellationToken).ConfigureAwait(false),
        Rounds = rounds,
        WasInCharge = wasInCharge,
        Locked = locked,
    };

    private async Task SwitchAsync(CancellationToken cancellationToken)
    {
        var startedAt = old.Options.Clock.GetTimestamp();
        var held = await old.LockAsync(LockKind.Exclusive, cancellationToken).ConfigureAwait(false);
        await using (held.ConfigureAwait(false))
        {
            if (await LocationEpochs.FindAsync(location, component, cancellationToken).ConfigureAwait(false) >= epoch)
            {
                return; // Another run was quicker.
            }

            var last = await CopyAsync(held.Lost, cancellationToken).ConfigureAwait(false);
            await ForgetWhatIsGoneAsync(last, cancellationToken).ConfigureAwait(false);
            held.Lost.ThrowIfCancellationRequested();

            // Durable: a whole copy of everything. The next step is the one that counts; whoever takes a lock on the old epoch after it looks which
            // epoch is in charge, and stops.
            await LocationEpochs.StartAsync(location, component, epoch, old.Options.Clock.GetUtcNow(), cancellationToken).ConfigureAwait(false);
        }

        _locked = old.Options.Clock.GetElapsedTime(startedAt);
    }

    private async Task<RotationReport> FinishAsync(bool wasInCharge, CancellationToken cancellationToken)
    {
        _inCharge = true;
        await CopyAsync(sourceLost: null, cancellationToken).ConfigureAwait(false);
        var report = await ReportAsync(next, component, epoch, _round, wasInCharge, _locked, cancellationToken).ConfigureAwait(false);
        return report with { ForgottenLost = [.. _forgottenLost.Select(lost => $"{lost.Source}: {lost.Reason}")] };
    }

    private async Task<CopyReport> CopyAsync(CancellationToken? sourceLost, CancellationToken cancellationToken)
    {
        var round = ++_round;
        var copy = new CopyRequest
        {
            Forgotten = _inCharge ? ForgottenRule.Present : ForgottenRule.Carried,
            OnProgress = progress => request.OnProgress?.Invoke(new RotationProgress(round, sourceLost is not null, progress)),
        };
        var copier = new RepositoryCopy(old, next);
        var report = await (sourceLost is { } lost
            ? copier.RunUnderLockAsync(copy, lost, cancellationToken)
            : copier.RunAsync(copy, cancellationToken)).ConfigureAwait(false);
        _forgottenLost = _inCharge ? _forgottenLost : report.ForgottenLost;
        return report.Failed is not [var failed, ..]
            ? report
            : throw new RepositoryException(RepositoryFailure.Damaged, $"{report.Failed.Count} snapshots cannot be copied; {failed.Source}: {failed.Reason}")
            {
                Details = [.. report.Failed.Select(one => $"{one.Source}: {one.Reason}")],
            };
    }

    /// <summary>What was copied by an earlier round and forgotten, or brought back, in the old epoch since must not be both.</summary>
    private async Task ForgetWhatIsGoneAsync(CopyReport last, CancellationToken cancellationToken)
    {
        var wanted = last.Copied.Concat(last.Present).Select(copied => copied.Target).ToHashSet();
        var there = await next.ListSnapshotsAsync(cancellationToken).Select(snapshot => snapshot.Id).ToListAsync(cancellationToken).ConfigureAwait(false);
        var forgotten = await next.Forgotten.ListAsync(cancellationToken).Select(snapshot => snapshot.Id).ToListAsync(cancellationToken).ConfigureAwait(false);
        var gone = there.Concat(forgotten).Where(id => !wanted.Contains(id)).ToList();
        if (gone.Count > 0)
        {
            await next.Forgotten.ForgetAsync(gone, TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
        }
    }
}

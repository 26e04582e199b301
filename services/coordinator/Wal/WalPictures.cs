using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Coverage;
using StellaOps.Backup.Wal.Ledger;

namespace StellaOps.Backup.Coordinator.Wal;

/// <summary>
/// Pictures of the WAL archives. Listing an archive of a month may take many requests, so a picture is used for a while; what changes every second
/// the workers announce.
/// </summary>
internal sealed class WalPictures([FromKeyedServices(LocationPatience.Asked)] IObjectStore location, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(30);
    private readonly SemaphoreSlim _gate = new(1, 1);
    private IReadOnlyList<WalPicture> _pictures = [];
    private string? _drawnFor;
    private long _drawnAt;
    private (StorageException Cause, long At)? _failed;

    /// <summary>Pictures that know these base backups, and are not older than half a minute.</summary>
    /// <exception cref="StorageException">The location cannot be read.</exception>
    /// <exception cref="WalException">A document of an archive is damaged.</exception>
    public async Task<IReadOnlyList<WalPicture>> ReadAsync(ILookup<ulong, BaseCut> bases, CancellationToken cancellationToken)
    {
        var wanted = string.Join('\n', bases.SelectMany(cuts => cuts).Select(cut => $"{cut.Name} {cut.Timeline} {cut.Start}"));
        var asked = clock.GetTimestamp();
        await _gate.WaitAsync(cancellationToken);
        try
        {
            // One attempt for all who wait for it: the last of many would wait for each of the others at a location that does not answer.
            return _failed is { } failed && asked < failed.At
                ? throw new StorageException(failed.Cause.Failure, failed.Cause.Message, failed.Cause)
                : await RenewAsync(wanted, bases, cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private async Task<IReadOnlyList<WalPicture>> RenewAsync(string wanted, ILookup<ulong, BaseCut> bases, CancellationToken cancellationToken)
    {
        try
        {
            if (_drawnFor != wanted || clock.GetElapsedTime(_drawnAt) > Freshness || await HasTurnedAsync(cancellationToken))
            {
                _pictures = await DrawAsync(bases, cancellationToken);
                (_drawnFor, _drawnAt) = (wanted, clock.GetTimestamp());
            }

            return _pictures;
        }
        catch (StorageException cause)
        {
            _failed = (cause, clock.GetTimestamp());
            throw;
        }
    }

    /// <summary>Whether another timeline is archived since: what was the newest instant of the one before is none of the new one.</summary>
    private async Task<bool> HasTurnedAsync(CancellationToken cancellationToken)
    {
        foreach (var picture in _pictures)
        {
            if ((await WalInventory.ReadStateAsync(location, picture.SystemIdentifier, cancellationToken))?.Timeline != picture.Timeline)
            {
                return true;
            }
        }

        return false;
    }

    private async Task<IReadOnlyList<WalPicture>> DrawAsync(ILookup<ulong, BaseCut> bases, CancellationToken cancellationToken)
    {
        var pictures = new List<WalPicture>();
        foreach (var system in await WalInventory.ClustersAsync(location, cancellationToken))
        {
            var inventory = await WalInventory.ReadAsync(location, system, null, cancellationToken);
            var state = inventory.State;
            pictures.Add(new WalPicture
            {
                SystemIdentifier = system,
                Cluster = state?.Cluster,
                Timeline = state?.Timeline,
                ArchivedTo = state?.Archived,
                WrittenAt = state?.UpdatedAt,
                CaughtUpAt = state?.CaughtUpAt,
                Windows = ReachableWindows.Of(inventory, [.. bases[system]]),
                OpenGaps = [.. inventory.Gaps.Where(gap => gap.State == GapState.Open).Select(WalViews.Gap)],
            });
        }

        return pictures;
    }
}

using StellaOps.Backup.Contracts;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Workers.Repositories;

/// <summary>The repository of a component that is in charge, and its second place in the secondary location.</summary>
internal sealed class ComponentReplica(Component component, int epoch, ComponentRepository here, ComponentRepository there) : IAsyncDisposable
{
    public ComponentRepository Here => here;

    public ComponentRepository There => there;

    /// <summary>Whether this epoch is in charge there, too. The repository of a new one is empty there, while points name what the one before it holds.</summary>
    public async Task<bool> IsInChargeThereAsync(CancellationToken cancellationToken) =>
        await LocationEpochs.FindAsync(there.Location, component.Name(), cancellationToken).ConfigureAwait(false) == epoch;

    /// <summary>Puts the epoch in charge there, once it has everything.</summary>
    public Task TakeChargeThereAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        LocationEpochs.StartAsync(there.Location, component.Name(), epoch, now, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await there.DisposeAsync().ConfigureAwait(false);
        await here.DisposeAsync().ConfigureAwait(false);
    }
}

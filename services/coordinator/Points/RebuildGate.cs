using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Coordinator.Points;

/// <summary>
/// Closed until this process has compared the location with the catalog, and again where the catalog was put back to an earlier state since. Until then points may be
/// missing from the catalog, and pins and legal holds of those that are there: what may be dropped is not known.
/// </summary>
internal sealed class RebuildGate
{
    /// <summary>Rows that were there, and so are there for ever, but in a catalog that was put back; null: closed.</summary>
    private volatile CatalogPosition? _reached;

    /// <summary>Whether the catalog was what the location says when somebody last looked.</summary>
    public bool IsOpen => _reached is not null;

    /// <summary>The catalog knows what the location has; from here on the two change together.</summary>
    /// <param name="reached">The newest rows before they were compared; null where there are none.</param>
    public void Open(CatalogPosition? reached = null) => _reached = reached ?? CatalogPosition.Start;

    /// <summary>Whether the catalog is what the location says: before that it may know less, and nothing of the location is replaced by what it says.</summary>
    public async Task<bool> IsOpenAsync(CatalogHistory history, CancellationToken cancellationToken)
    {
        if (_reached is { } reached && !await history.HasAsync(reached, cancellationToken))
        {
            _reached = null;
        }

        return IsOpen;
    }

    /// <summary>From here on a catalog that lacks a row that is there now is one that was put back.</summary>
    /// <returns>Whether it is open.</returns>
    public async Task<bool> FollowAsync(CatalogHistory history, CancellationToken cancellationToken)
    {
        // Before the look: what is put back in between is not taken for what is followed.
        var newest = await history.NewestAsync(cancellationToken);
        if (!await IsOpenAsync(history, cancellationToken))
        {
            return false;
        }

        _reached = newest;
        return true;
    }

    /// <exception cref="BackupException"><c>operation.conflict</c>: it is closed.</exception>
    public async Task RequireOpenAsync(CatalogHistory history, CancellationToken cancellationToken)
    {
        if (!await IsOpenAsync(history, cancellationToken))
        {
            throw new BackupException(
                ErrorCodes.OperationConflict,
                "nothing is dropped before the catalog knows all recovery points of the location, and what protects them; the coordinator reads them, as at each start and when the catalog was put back",
                "Try again in a minute; 'stella doctor --check check.storage.backup' says whether the location can be read.");
        }
    }
}

using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Coordinator.Points;

/// <summary>
/// Closed until this process has compared the location with the catalog once. Until then points may be missing from the catalog, and pins and legal
/// holds of those that are there: what may be dropped is not known.
/// </summary>
internal sealed class RebuildGate
{
    private volatile bool _open;

    /// <summary>Whether the catalog is what the location says: before that it may know less, and nothing of the location is replaced by what it says.</summary>
    public bool IsOpen => _open;

    /// <summary>The catalog knows what the location has; from here on the two change together.</summary>
    public void Open() => _open = true;

    /// <exception cref="BackupException"><c>operation.conflict</c>: it is closed.</exception>
    public void RequireOpen()
    {
        if (!IsOpen)
        {
            throw new BackupException(
                ErrorCodes.OperationConflict,
                "nothing is dropped before the catalog knows all recovery points of the location, and what protects them; the coordinator reads them since its start",
                "Try again in a minute; 'stella doctor --check check.storage.backup' says whether the location can be read.");
        }
    }
}

using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Workers.Repositories;

/// <summary>An open repository of a component, and the location it lies in.</summary>
public sealed class ComponentRepository : IAsyncDisposable
{
    internal ComponentRepository(IObjectStore location, string folder, ResticRepository repository) => (Location, Folder, Repository) = (location, folder, repository);

    /// <summary>The location's root.</summary>
    public IObjectStore Location { get; }

    /// <summary>Folder of the location in which the repository lies.</summary>
    internal string Folder { get; }

    /// <summary>The repository, with its index loaded.</summary>
    public ResticRepository Repository { get; }

    /// <summary>The snapshot that a command names, or its copy in the epoch that is in charge now.</summary>
    /// <exception cref="BackupException">Not an id.</exception>
    /// <exception cref="RepositoryException">There is no such snapshot, or it is damaged.</exception>
    public Task<Snapshot> LoadSnapshotAsync(string id, CancellationToken cancellationToken) =>
        Repository.ResolveSnapshotAsync(ParseId(id), cancellationToken);

    /// <summary>Id that the snapshot has here; the given one where it is gone or damaged.</summary>
    /// <exception cref="BackupException">Not an id.</exception>
    internal async Task<BlobId> ResolveIdAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            return (await LoadSnapshotAsync(id, cancellationToken).ConfigureAwait(false)).Id;
        }
        catch (RepositoryException e) when (e.Failure is RepositoryFailure.SnapshotNotFound or RepositoryFailure.Damaged)
        {
            return ParseId(id);
        }
    }

    /// <summary>Reads a snapshot id of 64 hexadecimal digits.</summary>
    /// <exception cref="BackupException">Not an id.</exception>
    public static BlobId ParseId(string id) => BlobId.TryParse(id, out var parsed)
        ? parsed
        : throw new BackupException(ErrorCodes.InvalidInput, $"'{id}' is not the id of a snapshot");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Repository.DisposeAsync().ConfigureAwait(false);
        await Location.DisposeAsync().ConfigureAwait(false);
    }
}

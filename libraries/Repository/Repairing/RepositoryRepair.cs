namespace StellaOps.Backup.Repository.Repairing;

/// <summary>
/// Heals a repository: what is intact in damaged packs is written anew, what is not comes from other repositories, the index is written from what is
/// there, and lost snapshots are copied back. What cannot be healed is named, with the files that it hurts; no snapshot is changed.
/// </summary>
public sealed class RepositoryRepair(ResticRepository repository)
{
    /// <summary>
    /// Works under an exclusive lock. May be killed at any time: each step leaves at least what was there before, and the next run goes on.
    /// </summary>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Locked"/>.</exception>
    public Task<RepairReport> RunAsync(RepairRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return repository.WriteExclusivelyAsync(token => new RepairRun(repository, request).RunAsync(token), cancellationToken);
    }
}

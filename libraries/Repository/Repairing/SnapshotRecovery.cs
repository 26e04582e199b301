using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Copying;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Unpacked;

namespace StellaOps.Backup.Repository.Repairing;

/// <summary>Snapshot files that are damaged, or missing though wanted, and their copies in other repositories.</summary>
internal sealed class SnapshotRecovery
{
    private readonly ResticRepository _repository;
    private readonly HashSet<BlobId> _damagedFiles;
    private readonly List<string> _remaining = [];
    private readonly List<FoundSnapshot> _found = [];
    private readonly HashSet<BlobId> _present = [];

    private SnapshotRecovery(ResticRepository repository, HashSet<BlobId> damagedFiles) => (_repository, _damagedFiles) = (repository, damagedFiles);

    /// <summary>Copies that can be taken back.</summary>
    internal IReadOnlyList<FoundSnapshot> Found => _found;

    /// <summary>What nobody has.</summary>
    internal IReadOnlyList<string> Remaining => _remaining;

    internal static async Task<SnapshotRecovery> PlanAsync(
        ResticRepository repository, RepairRequest request, CheckReport damage, IReadOnlyList<Snapshot> readable, CancellationToken cancellationToken)
    {
        var lost = damage.Damages.Where(found => found.Kind == DamageKind.Snapshot).SelectMany(found => found.Snapshots).Concat(request.WantedSnapshots)
            .Except(readable.Select(snapshot => snapshot.Id)).ToHashSet();
        var files = await repository.Parts.Files.ListAsync(FileKind.Snapshot, cancellationToken).Select(file => file.Id)
            .Where(lost.Contains).ToHashSetAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        var recovery = new SnapshotRecovery(repository, files);

        // An earlier run may have been killed between its copy and the removal of the damaged file.
        recovery._present.UnionWith(readable.Where(snapshot => !snapshot.IsRewritten && snapshot.Original is { } first && lost.Contains(first)).Select(snapshot => snapshot.Original!.Value));
        lost.ExceptWith(recovery._present);
        foreach (var source in request.Sources)
        {
            await foreach (var copy in source.ListSnapshotsAsync(cancellationToken).ConfigureAwait(false))
            {
                if (!copy.IsRewritten && (lost.Remove(copy.Original ?? copy.Id) ? copy.Original ?? copy.Id : lost.Remove(copy.Id) ? copy.Id : default(BlobId?)) is { } id)
                {
                    recovery._found.Add(new FoundSnapshot(id, copy, source));
                }
            }
        }

        recovery._remaining.AddRange(lost.Order().Select(id => $"snapshot {id} is in none of the other repositories"));
        return recovery;
    }

    /// <summary>Saves the copies whose blobs are all here, and then removes the damaged files that they replace.</summary>
    internal async Task<IReadOnlyList<CopiedSnapshot>> SaveAsync(IReadOnlyCollection<BlobId> hurt, CancellationToken cancellationToken)
    {
        var restored = new List<CopiedSnapshot>();
        foreach (var (lost, copy, source) in _found)
        {
            if (hurt.Contains(copy.Id))
            {
                _remaining.Add($"snapshot {lost} was not copied back: some of its data is in none of the repositories");
                continue;
            }

            var json = await source.Parts.Files.LoadAsync(FileKind.Snapshot, copy.Id, cancellationToken).ConfigureAwait(false);
            var id = await _repository.Parts.Files.SaveAsync(FileKind.Snapshot, SnapshotCopies.Encode(copy, json), cancellationToken).ConfigureAwait(false);
            restored.Add(new CopiedSnapshot(lost, id));
            _present.Add(lost);
        }

        // Durable: the successors, which name the lost ids as their original.
        foreach (var file in _damagedFiles.Where(_present.Contains))
        {
            await _repository.Parts.Files.DeleteAsync(FileKind.Snapshot, file, cancellationToken).ConfigureAwait(false);
        }

        return restored;
    }
}

/// <summary>A lost snapshot, and its copy elsewhere.</summary>
internal sealed record FoundSnapshot(BlobId Lost, Snapshot Copy, ResticRepository Source);

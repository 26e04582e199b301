using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;

namespace StellaOps.Backup.Workers.Repositories;

/// <summary>Damage as messages carry it.</summary>
internal static class DamageList
{
    /// <param name="damage">What is damaged.</param>
    /// <param name="firstIds">First ids of snapshots that were copied here; they are named beside those of today.</param>
    public static Damage Describe(RepositoryDamage damage, IReadOnlyDictionary<BlobId, BlobId> firstIds) => new()
    {
        Kind = Word(damage.Kind),
        Item = damage.Object,
        Detail = damage.Detail,
        Snapshots = [.. damage.Snapshots.Concat(damage.Snapshots.Where(firstIds.ContainsKey).Select(id => firstIds[id])).Distinct().Select(id => id.ToString())],
    };

    private static string Word(DamageKind kind) => kind switch
    {
        DamageKind.Config => "config",
        DamageKind.Key => "key",
        DamageKind.Index or DamageKind.NotIndexed => "index",
        DamageKind.Snapshot => "snapshot",
        DamageKind.Tree => "tree",
        DamageKind.BlobMissing => "blob",
        _ => "pack",
    };
}

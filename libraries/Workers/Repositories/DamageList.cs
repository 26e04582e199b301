using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository.Checking;

namespace StellaOps.Backup.Workers.Repositories;

/// <summary>Damage as messages carry it.</summary>
internal static class DamageList
{
    public static Damage Describe(RepositoryDamage damage) => new()
    {
        Kind = Word(damage.Kind),
        Item = damage.Object,
        Detail = damage.Detail,
        Snapshots = [.. damage.Snapshots.Select(id => id.ToString())],
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

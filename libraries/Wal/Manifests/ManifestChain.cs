using StellaOps.Backup.Wal.Archive;

namespace StellaOps.Backup.Wal.Manifests;

/// <summary>Whether each manifest still follows the one that it names.</summary>
public static class ManifestChain
{
    /// <summary>Breaks of the chain, as sentences; empty when there are none. A manifest may name one that is not kept any more.</summary>
    public static IReadOnlyList<string> Breaks(WalInventory inventory)
    {
        ArgumentNullException.ThrowIfNull(inventory);
        var stored = inventory.Manifests.ToDictionary(manifest => manifest.Key, manifest => manifest.Digest, StringComparer.Ordinal);
        var breaks = new List<string>();
        foreach (var manifest in inventory.Manifests)
        {
            if (manifest.Content.Previous is { } previous
                && (stored.TryGetValue(previous, out var digest) ? digest != manifest.Content.PreviousDigest : !(WalKeys.StopOfManifest(previous) <= inventory.Expired?.Before(manifest.Content.Timeline))))
            {
                breaks.Add($"{manifest.Key} follows {previous}, which is {(digest is null ? "missing" : "not what it was")}");
            }
        }

        return breaks;
    }
}

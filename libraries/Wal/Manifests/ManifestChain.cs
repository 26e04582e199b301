namespace StellaOps.Backup.Wal.Manifests;

/// <summary>Whether each manifest still follows the one that it names.</summary>
public static class ManifestChain
{
    /// <summary>Breaks of the chain, as sentences; empty when there are none. The oldest manifest may name one that was expired.</summary>
    public static IReadOnlyList<string> Breaks(IReadOnlyList<StoredManifest> manifests)
    {
        ArgumentNullException.ThrowIfNull(manifests);
        var stored = manifests.ToDictionary(manifest => manifest.Key, manifest => manifest.Digest, StringComparer.Ordinal);
        var breaks = new List<string>();
        foreach (var timeline in manifests.GroupBy(manifest => manifest.Content.Timeline))
        {
            var oldest = timeline.MinBy(manifest => manifest.Content.ClosedAt);
            foreach (var manifest in timeline.Where(manifest => manifest.Content.Previous is not null))
            {
                var previous = manifest.Content.Previous!;
                if (stored.TryGetValue(previous, out var digest) ? digest != manifest.Content.PreviousDigest : manifest != oldest)
                {
                    breaks.Add($"{manifest.Key} follows {previous}, which is {(digest is null ? "missing" : "not what it was")}");
                }
            }
        }

        return breaks;
    }
}

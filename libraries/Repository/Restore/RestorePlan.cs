using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>What a restore needs, found before it changes anything.</summary>
internal sealed record RestorePlan
{
    /// <summary>Node whose content becomes the target's; null when it is the snapshot's root, which has no metadata.</summary>
    public required Node? Top { get; init; }

    /// <summary>Entries of the target directory.</summary>
    public required Tree Tree { get; init; }

    /// <summary>Where those below come from.</summary>
    public required RestoreTrees Trees { get; init; }

    public required long Files { get; init; }
    public required long Bytes { get; init; }

    /// <summary>Files to be written last, as names from the target down.</summary>
    public required IReadOnlyList<EntryName[]> Last { get; init; }
}

namespace StellaOps.Backup.Repository.Pruning;

/// <summary>What a prune is about to do, and why. Sizes in stored bytes.</summary>
public sealed record PrunePlan
{
    public required IReadOnlyList<PlannedPacks> Packs { get; init; }

    /// <summary>Snapshots whose data is kept.</summary>
    public required int Snapshots { get; init; }

    /// <summary>Forgotten snapshots whose data is kept, because they can still be brought back.</summary>
    public required int ForgottenKept { get; init; }

    /// <summary>Forgotten snapshots that can not be brought back after this prune.</summary>
    public required int ForgottenDropped { get; init; }

    /// <summary>When the next forgotten snapshot may go; null where none is kept.</summary>
    public DateTimeOffset? NextForgottenExpiry { get; init; }

    /// <summary>Bytes of packs that only forgotten snapshots need, as far as whole packs go.</summary>
    public required long BytesHeldByForgotten { get; init; }

    /// <summary>What an operator should know, and what does not stop the prune.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>Bytes that this run deletes.</summary>
    public long BytesDeleted => BytesOf(PackFate.Delete);

    /// <summary>Bytes that a later run deletes, when the grace of what this one marks is over: the used part of repacked packs is not free by that.</summary>
    public long BytesMarked => BytesOf(PackFate.Mark) + BytesOf(PackFate.Repack) + BytesOf(PackFate.Wait);

    public long PacksOf(PackFate fate) => Packs.Where(row => row.Fate == fate).Sum(row => row.Packs);

    public long BytesOf(PackFate fate) => Packs.Where(row => row.Fate == fate).Sum(row => row.Bytes);
}

/// <summary>Packs with the same fate for the same reason.</summary>
/// <param name="Fate">What happens to them.</param>
/// <param name="Why">The reason, as a phrase.</param>
/// <param name="Packs">Their number.</param>
/// <param name="Bytes">Their stored bytes.</param>
/// <param name="UsedBytes">Of these, bytes of blobs that something needs.</param>
public sealed record PlannedPacks(PackFate Fate, string Why, long Packs, long Bytes, long UsedBytes);

using StellaOps.Backup.Coordinator.Parts;

namespace StellaOps.Backup.Coordinator.Retention;

/// <summary>A recovery point as far as its retention depends on it.</summary>
internal sealed record RetainedPoint
{
    public required Guid Id { get; init; }
    public required string Name { get; init; }
    public required DateTimeOffset TakenAt { get; init; }
    public required IReadOnlyList<RetainedPart> Parts { get; init; }

    /// <summary>Why the point stays whatever the rules say, one phrase each: pins, legal holds, operations that use it.</summary>
    public IReadOnlyList<string> Protections { get; init; } = [];

    /// <summary>Its deletion began, and parts of it may be gone: it counts for nothing, and the deletion is finished.</summary>
    public bool Deleting { get; init; }
}

/// <summary>One snapshot of a point.</summary>
/// <param name="Part">What it holds.</param>
/// <param name="Whole">Nothing is missing from it, and nothing of it is known to be damaged.</param>
/// <param name="Proven">The last proof of it is a restore that passed.</param>
internal sealed record RetainedPart(Part Part, bool Whole, bool Proven);

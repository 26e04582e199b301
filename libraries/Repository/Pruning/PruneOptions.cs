using System.ComponentModel.DataAnnotations;

namespace StellaOps.Backup.Repository.Pruning;

/// <summary>How a prune goes about it.</summary>
public sealed record PruneOptions
{
    /// <summary>Plans and reports, and changes nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>Share of unused bytes that may stay in packs that are partly used; rewriting them all costs more than they take.</summary>
    [Range(0.0, 1.0)]
    public double MaxUnused { get; init; } = 0.05;
}

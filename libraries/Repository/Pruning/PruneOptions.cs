namespace StellaOps.Backup.Repository.Pruning;

/// <summary>How a prune goes about it.</summary>
public sealed record PruneOptions
{
    /// <summary>
    /// How long a pack that nothing needs any more is kept, out of the index: longer than the longest backup or restore, since one that lost
    /// its lock without noticing may still refer to it. Zero deletes at once.
    /// </summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Ends the grace of forgotten snapshots: none of them can be brought back afterwards.</summary>
    public bool DropForgotten { get; init; }

    /// <summary>
    /// For a store in which not one byte can be written: deletes what is wholly unused, repacks nothing, ends every grace, and takes a lock
    /// as soon as there is room for one. A later prune tidies up.
    /// </summary>
    public bool Emergency { get; init; }

    /// <summary>False leaves packs that are partly needed as they are: little more than index files is written, for which a store that is almost full has room.</summary>
    public bool Repack { get; init; } = true;

    /// <summary>Plans and reports, and changes nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>Share of unused bytes that may stay in packs that are partly used; rewriting them all costs more than they take. 0 to 1.</summary>
    public double MaxUnused { get; init; } = 0.05;

    /// <summary>Gets the plan before anything is changed; what it throws ends the prune.</summary>
    public Action<PrunePlan>? OnPlanned { get; init; }

    internal TimeSpan EffectiveGrace => Emergency ? TimeSpan.Zero : Grace;

    /// <exception cref="ArgumentOutOfRangeException">A choice is out of its range.</exception>
    internal void ThrowIfInvalid()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Grace, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxUnused);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxUnused, 1);
    }

    internal bool EndsForgotten => DropForgotten || Emergency;
}

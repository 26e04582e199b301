namespace StellaOps.Backup.Contracts.Tasks;

/// <summary>Bring the component's repository in the secondary location up to date: copy snapshots to it, or drop some there.</summary>
public sealed record ReplicateSpec
{
    /// <summary>Identity of the secondary location; a worker that finds another one under its address, or none, changes nothing. Null in commands of older coordinators.</summary>
    public string? LocationId { get; init; }

    /// <summary>Ids of snapshots that it should have.</summary>
    public IReadOnlyList<string> Copy { get; init => field = value ?? []; } = [];

    /// <summary>Ids of snapshots that were dropped here, and whose grace is over: they go there, too.</summary>
    public IReadOnlyList<string> Drop { get; init => field = value ?? []; } = [];
}

/// <summary>What the secondary location's repository of a component has now.</summary>
public sealed record ReplicateResult
{
    /// <summary>Of the snapshots that were to be copied, those that are there, under the ids of the command.</summary>
    public IReadOnlyList<string> Present { get; init => field = value ?? []; } = [];

    /// <summary>Stored bytes that were copied; what was there already is not among them.</summary>
    public long BytesCopied { get; init; }

    /// <summary>Snapshots that were dropped there, and bytes that this freed now.</summary>
    public long Dropped { get; init; }
    public long BytesFreed { get; init; }
    public IReadOnlyList<Points.PhaseTime> Phases { get; init => field = value ?? []; } = [];
}

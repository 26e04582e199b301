using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Testing.Storage;

/// <summary>A fault, and the calls that it hits.</summary>
public sealed record FaultRule(Fault Fault)
{
    /// <summary>Calls that the rule is about.</summary>
    public Func<StoreCall, bool> Matches { get; init; } = _ => true;

    /// <summary>Which of these calls is hit, counted from 1.</summary>
    public int At { get; init; } = 1;

    /// <summary>What the caller is told.</summary>
    public StorageFailure Failure { get; init; } = StorageFailure.Unavailable;

    /// <summary>What a delayed call waits for; a task that the test ends makes the order of calls certain.</summary>
    public Func<CancellationToken, Task> Delay { get; init; } = _ => Task.CompletedTask;

    internal bool Strikes(int number) => Fault == Fault.FailAlways ? number >= At : number == At;
}

/// <summary>A call that reached a store.</summary>
/// <param name="Kind">What is asked.</param>
/// <param name="Key">Key of the object, or prefix of the listing.</param>
public readonly record struct StoreCall(StoreCallKind Kind, string Key)
{
    /// <summary>True for a call that changes the store.</summary>
    public bool IsChange => Kind is StoreCallKind.Put or StoreCallKind.Delete;
}

/// <summary>Calls of <see cref="IObjectStore"/>.</summary>
public enum StoreCallKind
{
    Put,
    Read,
    Find,
    List,
    Delete,
    Sweep,
}

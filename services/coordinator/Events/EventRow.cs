using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Operations;

namespace StellaOps.Backup.Coordinator.Events;

/// <summary>A line of an operation's log.</summary>
internal sealed class EventRow
{
    /// <summary>
    /// Given by a trigger that first takes a lock of the operation: within one operation, lines become visible in the order of
    /// their numbers, so a reader that asks for "after n" never misses one.
    /// </summary>
    public long Sequence { get; init; }
    public DateTimeOffset At { get; init; }
    public string Level { get; init; } = "info";
    public Guid? OperationId { get; init; }
    public OperationKind? Kind { get; init; }
    public Component? Component { get; init; }
    public string Message { get; init; } = "";
}

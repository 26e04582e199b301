using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Coordinator.Events;

/// <summary>Events as the API shows them.</summary>
internal static class EventViews
{
    public static EventView ToView(EventRow row) => new()
    {
        Sequence = row.Sequence,
        At = row.At,
        Level = row.Level,
        OperationId = row.OperationId,
        Kind = row.Kind,
        Component = row.Component,
        Message = row.Message,
    };
}

namespace StellaOps.Backup.Coordinator.Messaging;

/// <summary>A message whose effects are committed. It is there exactly when they are: both are one transaction.</summary>
internal sealed class InboxMessage
{
    public Guid MessageId { get; init; }

    /// <summary>The endpoint's consumer: two endpoints may receive one published message.</summary>
    public Guid ConsumerId { get; init; }
    public DateTimeOffset ConsumedAt { get; init; }
}

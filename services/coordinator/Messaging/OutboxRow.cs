using System.Diagnostics;
using MassTransit;
using MassTransit.Context;
using MassTransit.Middleware.Outbox;
using MassTransit.Serialization;

namespace StellaOps.Backup.Coordinator.Messaging;

/// <summary>
/// Between a message and its row. The row is MassTransit's own <see cref="InMemoryOutboxMessage"/>, mapped as it is: it
/// holds all that the broker needs, and keeps the message id, by which the receiver's inbox knows a second delivery.
/// </summary>
internal static class OutboxRow
{
    private const string TraceHeader = "MT-Activity-Id";

    public static InMemoryOutboxMessage From<T>(SendContext<T> send, DateTimeOffset now)
        where T : class
    {
        if (Activity.Current is { } activity && !send.Headers.TryGetHeader(TraceHeader, out _))
        {
            send.Headers.Set(TraceHeader, activity.Id);
        }

        var properties = new Dictionary<string, object>(StringComparer.OrdinalIgnoreCase);
        (send as TransportSendContext)?.WritePropertiesTo(properties);
        var json = SystemTextJsonMessageSerializer.Instance;
        return new InMemoryOutboxMessage
        {
            MessageId = send.MessageId ?? NewId.NextGuid(),
            ConversationId = send.ConversationId,
            CorrelationId = send.CorrelationId,
            InitiatorId = send.InitiatorId,
            RequestId = send.RequestId,
            SourceAddress = send.SourceAddress,
            DestinationAddress = send.DestinationAddress,
            ResponseAddress = send.ResponseAddress,
            FaultAddress = send.FaultAddress,
            SentTime = now.UtcDateTime,
            ExpirationTime = send.TimeToLive is { } life ? (now + life).UtcDateTime : null,
            ContentType = send.ContentType?.ToString() ?? send.Serializer.ContentType.ToString(),
            MessageType = string.Join(';', send.SupportedMessageTypes),
            Body = send.Serializer.GetMessageBody(send).GetString(),
            Headers = json.SerializeDictionary(send.Headers.GetAll()),
            Properties = json.SerializeDictionary(properties),
        };
    }
}

using MassTransit;

namespace StellaOps.Backup.Coordinator.Messaging;

internal static class Sending
{
    /// <summary>Sends to an address; inside a consumer with an inbox, as a row of its transaction.</summary>
    public static async Task SendToAsync<T>(this ISendEndpointProvider bus, Uri address, T message, CancellationToken cancellationToken)
        where T : class
    {
        var endpoint = await bus.GetSendEndpoint(address);
        await endpoint.Send(message, cancellationToken);
    }
}

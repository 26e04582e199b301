using MassTransit;
using Microsoft.Extensions.Logging;

namespace StellaOps.Backup.Hosting.Messaging;

/// <summary>Says in one line when the broker goes away and when it is back; the transport itself would fill pages.</summary>
internal sealed partial class BrokerWatch(ILogger<BrokerWatch> logger) : IReceiveEndpointObserver
{
    private bool _away;

    public Task Ready(ReceiveEndpointReady ready)
    {
        if (Interlocked.Exchange(ref _away, false))
        {
            LogBack(logger);
        }

        return Task.CompletedTask;
    }

    public Task Faulted(ReceiveEndpointFaulted faulted)
    {
        if (!Interlocked.Exchange(ref _away, true))
        {
            LogAway(logger, faulted.InputAddress.Authority, faulted.Exception?.GetBaseException().Message);
        }

        return Task.CompletedTask;
    }

    public Task Stopping(ReceiveEndpointStopping stopping) => Task.CompletedTask;

    public Task Completed(ReceiveEndpointCompleted completed) => Task.CompletedTask;

    [LoggerMessage(1, LogLevel.Warning, "the broker at {Address} cannot be reached and is tried again for ever: {Reason}")]
    private static partial void LogAway(ILogger logger, string address, string? reason);

    [LoggerMessage(2, LogLevel.Information, "the broker is back")]
    private static partial void LogBack(ILogger logger);
}

using System.Globalization;
using Npgsql;
using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Events;

/// <summary>
/// Wakes who follows an operation when the catalog says that it changed, whichever coordinator changed it. One connection listens for all. A signal
/// that is lost, while that connection is away, costs time only: who waits also looks by himself.
/// </summary>
internal sealed partial class OperationSignals(NpgsqlDataSource catalog, TimeProvider clock, ILogger<OperationSignals> logger) : BackgroundService
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);
    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, List<Bell>> _bells = [];

    /// <summary>Begins to hear of an operation. Look at it after this, and then wait: no change comes between.</summary>
    public Bell Begin(Guid operationId)
    {
        var bell = new Bell();
        lock (_gate)
        {
            if (!_bells.TryGetValue(operationId, out var bells))
            {
                _bells[operationId] = bells = [];
            }

            bells.Add(bell);
        }

        return bell;
    }

    /// <summary>Ends it.</summary>
    public void End(Guid operationId, Bell bell)
    {
        lock (_gate)
        {
            if (_bells.TryGetValue(operationId, out var bells) && bells.Remove(bell) && bells.Count == 0)
            {
                _bells.Remove(operationId);
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                await ListenAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Catalog away: the loop of a hosted service must outlive it.
                LogLost(logger, e.Message);
                await Task.Delay(RetryDelay, clock, stoppingToken);
            }
        }
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        await using var connection = await catalog.OpenConnectionAsync(cancellationToken);
        connection.Notification += (_, told) => Wake(told.Payload);
        await using (var listen = new NpgsqlCommand($"LISTEN {CatalogTriggers.ChangeChannel}", connection))
        {
            await listen.ExecuteNonQueryAsync(cancellationToken);
        }

        while (true)
        {
            await connection.WaitAsync(cancellationToken);
        }
    }

    private void Wake(string payload)
    {
        lock (_gate)
        {
            if (Guid.TryParse(payload, CultureInfo.InvariantCulture, out var id) && _bells.TryGetValue(id, out var bells))
            {
                bells.ForEach(bell => bell.Set());
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "changes of operations are not heard at once: {Reason}")]
    private static partial void LogLost(ILogger logger, string reason);
}

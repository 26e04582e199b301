using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Status;
using StellaOps.Backup.Hosting;

namespace StellaOps.Backup.Coordinator.Events;

/// <summary>
/// An operation as server-sent events, until it is finished. It is read from the catalog whenever that says that it changed, so any coordinator can
/// serve it, and a reader that lost the connection goes on after the last line it saw.
/// </summary>
internal sealed class OperationStream(IServiceScopeFactory scopes, OperationSignals signals, TimeProvider clock)
{
    private const int Batch = 200;

    /// <summary>Changes of so long are shown together.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(100);

    /// <summary>Looks at least this often, in case that a signal was lost.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>Something is sent at least this often; proxies close connections on which nothing moves.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    public async IAsyncEnumerable<SseItem<string>> ReadAsync(Guid operationId, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var bell = signals.Begin(operationId);
        try
        {
            await foreach (var item in FollowAsync(operationId, after, bell, cancellationToken))
            {
                yield return item;
            }
        }
        finally
        {
            signals.End(operationId, bell);
        }
    }

    private async IAsyncEnumerable<SseItem<string>> FollowAsync(Guid operationId, long after, Bell bell, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var last = "";
        var sentAt = clock.GetTimestamp();
        while (true)
        {
            // First the state, then the lines: a finished operation writes no more lines, so none is missed before the end.
            var (view, lines) = await LookAsync(operationId, after, cancellationToken);
            foreach (var line in lines)
            {
                after = line.Sequence;
                yield return new SseItem<string>(Json(line), "log") { EventId = line.Sequence.ToString(CultureInfo.InvariantCulture) };
            }

            if (view is null)
            {
                yield break;
            }

            var finished = view.State == OperationState.Finished;
            if (finished && lines.Count == Batch)
            {
                continue;
            }

            var json = Json(view);
            if (json != last || clock.GetElapsedTime(sentAt) > Silence)
            {
                (last, sentAt) = (json, clock.GetTimestamp());
                yield return new SseItem<string>(json, "operation");
            }

            if (finished)
            {
                yield break;
            }

            await bell.WaitAsync(Interval, clock, cancellationToken);
            await Task.Delay(Gathering, clock, cancellationToken);
        }
    }

    private async Task<(OperationView? View, IReadOnlyList<EventView> Lines)> LookAsync(Guid operationId, long after, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var view = await scope.ServiceProvider.GetRequiredService<OperationViews>().FindAsync(operationId, cancellationToken);
        var lines = await scope.ServiceProvider.GetRequiredService<CatalogContext>().Events.AsNoTracking()
            .Where(row => row.OperationId == operationId && row.Sequence > after)
            .OrderBy(row => row.Sequence)
            .Take(Batch)
            .ToListAsync(cancellationToken);
        return (view, lines.ConvertAll(EventViews.ToView));
    }

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, ServiceJson.Options);
}

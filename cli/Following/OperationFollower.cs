using System.Net.ServerSentEvents;
using System.Text.Json;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;

namespace StellaOps.Backup.Cli.Following;

/// <summary>
/// Watches an operation until it is finished. The stream may break as often as it likes (a gateway restarts, a network blinks):
/// it is opened again where it ended, until the operation has been out of sight for longer than <paramref name="patience"/>.
/// </summary>
internal sealed class OperationFollower(ApiClient api, IProgressView view, TimeProvider clock, TimeSpan patience)
{
    /// <summary>A stream that says nothing for so long is taken to be dead.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan[] Pauses = [TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(5)];

    private string? _lastEventId;
    private long _lastSeen;
    private int _failures;

    /// <exception cref="BackupException">The operation is out of sight for too long, or the server refuses to show it.</exception>
    public async Task<OperationView> FollowAsync(Guid operationId, CancellationToken cancellationToken)
    {
        var path = Paging.Below(Routes.Operations, $"{operationId}");
        _lastSeen = clock.GetTimestamp();
        while (true)
        {
            try
            {
                var finished = await ReadStreamAsync($"{path}/events", cancellationToken) ?? await AskAsync(path, cancellationToken);
                if (finished is not null)
                {
                    return finished;
                }

                await Task.Delay(Pauses[0], clock, cancellationToken);
            }
            catch (BackupException e) when (e.Error.Retryable)
            {
                await BearAsync(operationId, e, cancellationToken);
            }
            catch (BackupException e) when (e.Error == ErrorCodes.NotAuthenticated || e.Error == ErrorCodes.NotAllowed)
            {
                // A token may end before the work does.
                throw new BackupException(
                    e.Error,
                    $"operation {operationId} cannot be watched: {e.Message}",
                    $"{e.Hint} The operation goes on; watch it again: stella operation show {operationId} --follow",
                    e);
            }
        }
    }

    /// <summary>Reads events until the operation is finished; null when the stream ended before.</summary>
    private async Task<OperationView?> ReadStreamAsync(string path, CancellationToken cancellationToken)
    {
        using var silence = new CancellationTokenSource(Silence, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, silence.Token);
        try
        {
            using var response = await api.OpenEventsAsync(path, _lastEventId, both.Token);
            var parser = SseParser.Create(await response.Content.ReadAsStreamAsync(both.Token));
            await foreach (var item in parser.EnumerateAsync(both.Token))
            {
                silence.CancelAfter(Silence);
                Seen();
                _lastEventId = item.EventId ?? _lastEventId;
                if (Show(item) is { State: OperationState.Finished } finished)
                {
                    return finished;
                }
            }

            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
        catch (JsonException e)
        {
            throw ApiFailures.NotUnderstood(api.Server, e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw ApiFailures.FromException(api.Server, e as HttpRequestException ?? new HttpRequestException(e.Message, e));
        }
    }

    /// <summary>Hands an event to the view; the operation when it carries one. Events of a newer server are passed over.</summary>
    private OperationView? Show(SseItem<string> item)
    {
        switch (item.EventType)
        {
            case "log":
                view.Log(ApiJson.Read<EventView>(item.Data));
                return null;
            case "operation":
                var operation = ApiJson.Read<OperationView>(item.Data);
                view.Update(operation);
                return operation;
            default:
                return null;
        }
    }

    private async Task<OperationView?> AskAsync(string path, CancellationToken cancellationToken)
    {
        var operation = await api.GetAsync<OperationView>(path, cancellationToken);
        Seen();
        view.Update(operation);
        return operation.State == OperationState.Finished ? operation : null;
    }

    private void Seen()
    {
        if (_failures > 0)
        {
            view.Remark("connected again");
        }

        _failures = 0;
        _lastSeen = clock.GetTimestamp();
    }

    private async Task BearAsync(Guid operationId, BackupException cause, CancellationToken cancellationToken)
    {
        if (clock.GetElapsedTime(_lastSeen) >= patience)
        {
            throw new BackupException(
                ErrorCodes.ServerUnreachable,
                $"operation {operationId} is out of sight for {Units.Duration(patience)}: {cause.Message}",
                $"The operation does not depend on this command. Follow it later: stella operation show {operationId} --follow",
                cause);
        }

        if (_failures == 0)
        {
            view.Remark($"{cause.Message}; the operation goes on, trying again for up to {Units.Duration(patience)}");
        }

        await Task.Delay(Pauses[Math.Min(_failures, Pauses.Length - 1)], clock, cancellationToken);
        _failures++;
    }
}

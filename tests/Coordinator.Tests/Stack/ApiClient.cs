using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Hosting;

namespace StellaOps.Backup.Coordinator.Tests.Stack;

/// <summary>The API as the CLI uses it.</summary>
internal sealed class ApiClient(HttpClient http)
{
    public async Task<OperationView> StartAsync(string route, object body, CancellationToken cancellationToken, string? key = null)
    {
        using var answer = await PostAsync(route, body, cancellationToken, key);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        var operation = await ReadAsync<OperationView>(answer, cancellationToken);
        Assert.Equal($"{Routes.Operations}/{operation.Id}", answer.Headers.Location?.ToString());
        return operation;
    }

    public Task<OperationView> BackupAsync(string? name, CancellationToken cancellationToken, params string[] types) =>
        StartAsync(Routes.Backups, new CreateBackupRequest { Name = name, Types = types }, cancellationToken);

    public async Task<ApiError> RefusedAsync(string route, object body, HttpStatusCode status, CancellationToken cancellationToken)
    {
        using var answer = await PostAsync(route, body, cancellationToken);
        return await ErrorAsync(answer, status, cancellationToken);
    }

    public static async Task<ApiError> ErrorAsync(HttpResponseMessage answer, HttpStatusCode status, CancellationToken cancellationToken)
    {
        Assert.Equal(status, answer.StatusCode);
        return (await ReadAsync<ErrorEnvelope>(answer, cancellationToken)).Error;
    }

    public Task<OperationView> OperationAsync(Guid id, CancellationToken cancellationToken) =>
        GetAsync<OperationView>($"{Routes.Operations}/{id}", cancellationToken);

    /// <summary>Waits for the end; the test's own time limit ends the waiting.</summary>
    public async Task<OperationView> FinishedAsync(Guid id, CancellationToken cancellationToken) =>
        await UntilAsync(id, operation => operation.State == OperationState.Finished, cancellationToken);

    public async Task<OperationView> UntilAsync(Guid id, Func<OperationView, bool> condition, CancellationToken cancellationToken)
    {
        while (true)
        {
            var operation = await OperationAsync(id, cancellationToken);
            if (condition(operation))
            {
                return operation;
            }

            await Task.Delay(50, cancellationToken);
        }
    }

    public async Task<PointView> PointAsync(string nameOrId, CancellationToken cancellationToken) =>
        await GetAsync<PointView>($"{Routes.Points}/{nameOrId}", cancellationToken);

    /// <summary>Reads the server-sent events of an operation to their end.</summary>
    public async Task<IReadOnlyList<(string Event, string? Id, string Data)>> FollowAsync(Guid id, string? lastEventId, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{Routes.Operations}/{id}/events", UriKind.Relative));
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastEventId);
        }

        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        answer.EnsureSuccessStatusCode();
        var items = new List<(string, string?, string)>();
        await using var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
        await foreach (var item in SseParser.Create(body).EnumerateAsync(cancellationToken))
        {
            items.Add((item.EventType, item.EventId, item.Data));
        }

        return items;
    }

    public async Task<T> GetAsync<T>(string path, CancellationToken cancellationToken)
    {
        using var answer = await http.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync(cancellationToken)}");
        return await ReadAsync<T>(answer, cancellationToken);
    }

    public async Task<HttpResponseMessage> PostAsync(string route, object body, CancellationToken cancellationToken, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(route, UriKind.Relative)) { Content = JsonContent.Create(body, body.GetType(), options: ServiceJson.Options) };
        if (key is not null)
        {
            request.Headers.Add(Routes.IdempotencyKey, key);
        }

        return await http.SendAsync(request, cancellationToken);
    }

    public static async Task<T> ReadAsync<T>(HttpResponseMessage answer, CancellationToken cancellationToken) =>
        (await answer.Content.ReadFromJsonAsync<T>(ServiceJson.Options, cancellationToken))!;
}

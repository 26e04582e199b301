using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using StellaOps.Backup.Cli.Settings;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Api;

/// <summary>Requests to the API. Whatever goes wrong is a <see cref="BackupException"/>.</summary>
internal sealed class ApiClient : IDisposable
{
    /// <summary>Longest wait for an answer to a question, to its last byte.</summary>
    public static readonly TimeSpan Brief = TimeSpan.FromSeconds(100);

    /// <summary>Longest wait for an answer that comes when the work is done: stopping services, checks.</summary>
    public static readonly TimeSpan Long = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan[] Pauses = [TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)];

    private readonly HttpClient _http = new(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.All, ConnectTimeout = TimeSpan.FromSeconds(15) })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };
    private readonly TraceContext _trace = new();
    private readonly BearerToken _token;
    private readonly TimeProvider _clock;

    public ApiClient(CliSettings settings, BearerToken token, TimeProvider clock)
    {
        _token = token;
        _clock = clock;
        Server = settings.ServerAddress();
        _http.BaseAddress = Server;
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("stella", ProductVersion.Text));
        TraceId = _trace.Id;
    }

    public Uri Server { get; }

    /// <summary>Trace of the last answer that named one, else of the requests.</summary>
    public string TraceId { get; private set; }

    /// <summary>Asks. <paramref name="accepted"/> names a status that carries the same body though it is no success.</summary>
    public Task<T> GetAsync<T>(string path, CancellationToken cancellationToken, HttpStatusCode? accepted = null) =>
        SendAsync<T>(() => new HttpRequestMessage(HttpMethod.Get, Relative(path)), Brief, accepted, cancellationToken);

    /// <summary>Starts work, once: the request is repeated under one key when its answer is lost.</summary>
    /// <exception cref="BackupException">It was refused, or could not be asked for; <see cref="MayBeAccepted"/> knows which of them can be sure.</exception>
    public async Task<OperationView> StartAsync(HttpMethod method, string path, object? body, CancellationToken cancellationToken)
    {
        var key = Guid.CreateVersion7(_clock.GetUtcNow()).ToString();
        BackupException? lost = null;
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await SendAsync<OperationView>(Request, Brief, accepted: null, cancellationToken);
            }
            catch (BackupException e) when (e.Error == ErrorCodes.ServerUnreachable && !IsConnectionRefused(e) && attempt < Pauses.Length)
            {
                lost = e;
                await Task.Delay(Pauses[attempt], _clock, cancellationToken);
            }
            catch (BackupException e) when (lost is not null)
            {
                // What answers now need not be what took the request whose answer was lost.
                throw new BackupException(e.Error, e.Message, e.Hint, lost);
            }
        }

        HttpRequestMessage Request()
        {
            var request = new HttpRequestMessage(method, Relative(path)) { Content = Json(body) };
            request.Headers.Add(Routes.IdempotencyKey, key);
            return request;
        }
    }

    /// <summary>
    /// Whether work may have been accepted although <see cref="StartAsync"/> failed: an answer was lost, or was not understood. Not, where every try was
    /// refused by the server or by the network.
    /// </summary>
    public static bool MayBeAccepted(BackupException failure) => failure.InnerException is BackupException or JsonException
        || failure.Error == ErrorCodes.Unexpected || (failure.Error == ErrorCodes.ServerUnreachable && !IsConnectionRefused(failure));

    /// <summary>Does something that may be done twice.</summary>
    public Task<T> PostAsync<T>(string path, object? body, TimeSpan limit, CancellationToken cancellationToken) =>
        SendAsync<T>(() => new HttpRequestMessage(HttpMethod.Post, Relative(path)) { Content = Json(body) }, limit, accepted: null, cancellationToken);

    /// <summary>Sets something to a value.</summary>
    public Task<T> PutAsync<T>(string path, object body, CancellationToken cancellationToken) =>
        SendAsync<T>(() => new HttpRequestMessage(HttpMethod.Put, Relative(path)) { Content = Json(body) }, Brief, accepted: null, cancellationToken);

    /// <summary>Opens a stream of server-sent events, from after <paramref name="lastEventId"/> on. Who reads it has to bear with its silence, or not.</summary>
    public async Task<HttpResponseMessage> OpenEventsAsync(string path, string? lastEventId, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Relative(path));
        request.Headers.Accept.ParseAdd("text/event-stream");
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastEventId);
        }

        return await WithinAsync(Brief, token => ExchangeAsync(request, accepted: null, token), cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private async Task<T> SendAsync<T>(Func<HttpRequestMessage> create, TimeSpan limit, HttpStatusCode? accepted, CancellationToken cancellationToken)
    {
        using var request = create();
        return await WithinAsync(
            limit,
            async token =>
            {
                using var response = await ExchangeAsync(request, accepted, token);
                return await response.Content.ReadFromJsonAsync(ApiJson.Of<T>(), token) ?? throw new JsonException("it is null");
            },
            cancellationToken);
    }

    /// <summary>Ends an exchange that takes longer than the limit: a host that is gone says nothing, be it before the answer or in the middle of it.</summary>
    private async Task<T> WithinAsync<T>(TimeSpan limit, Func<CancellationToken, Task<T>> exchange, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(limit, _clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            return await exchange(both.Token);
        }
        catch (JsonException e)
        {
            throw ApiFailures.NotUnderstood(Server, e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw ApiFailures.FromException(Server, e as HttpRequestException ?? new HttpRequestException(e.Message, e));
        }
        catch (OperationCanceledException) when (timer.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw ApiFailures.FromTimeout(Server, limit);
        }
    }

    /// <summary>Sends, and reads the head of the answer; of one that is no success, all. A token lives shorter than work may take: it is asked for each time.</summary>
    private async Task<HttpResponseMessage> ExchangeAsync(HttpRequestMessage request, HttpStatusCode? accepted, CancellationToken cancellationToken)
    {
        request.Headers.Authorization = _token.Read() is { Length: > 0 } token ? Bearer(token) : null;
        request.Headers.Add("traceparent", _trace.NewParent());
        var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        try
        {
            // Buffered by this, so that it can be read again. A gateway that refuses the request answers with an error, under the accepted status, too.
            var body = await response.Content.ReadAsStringAsync(cancellationToken);
            if (response.StatusCode == accepted && !ApiFailures.IsError(body))
            {
                return response;
            }

            var failure = ApiFailures.FromAnswer(Server, response.StatusCode, body, out var traceId);
            TraceId = traceId ?? TraceId;
            throw failure;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    private static bool IsConnectionRefused(BackupException failure) =>
        failure.InnerException is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError };

    private static JsonContent? Json(object? body) => body is null ? null : JsonContent.Create(body, ApiJson.Of(body.GetType()));

    private static string Relative(string path) => path.TrimStart('/');

    private static AuthenticationHeaderValue Bearer(string token)
    {
        try
        {
            return new AuthenticationHeaderValue("Bearer", token);
        }
        catch (FormatException)
        {
            throw new BackupException(ErrorCodes.NotAuthenticated, "the token holds characters that no token has", "Set STELLA_TOKEN to the token alone, on one line.");
        }
    }
}

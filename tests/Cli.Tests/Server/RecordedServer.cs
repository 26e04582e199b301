using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace StellaOps.Backup.Cli.Tests.Server;

/// <summary>A real HTTP server on a port of its own that plays recorded answers, and remembers what it was asked.</summary>
internal sealed partial class RecordedServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly ConcurrentDictionary<string, int> _asked = [];
    private readonly ConcurrentQueue<string> _requests = [];
    private IReadOnlyList<RecordedAnswer> _answers = [];

    private RecordedServer(WebApplication application) => _application = application;

    public string Address => _application.Urls.First();

    /// <summary>Requests since <see cref="Play"/>, in order, as transcripts show them.</summary>
    public IEnumerable<string> Requests => _requests;

    /// <summary>The keys under which work was started.</summary>
    public ConcurrentQueue<string> IdempotencyKeys { get; } = [];

    public static async Task<RecordedServer> StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = new RecordedServer(builder.Build());
        server._application.Run(server.AnswerAsync);
        await server._application.StartAsync(cancellationToken);
        return server;
    }

    public void Play(IReadOnlyList<RecordedAnswer> answers)
    {
        _answers = answers;
        _asked.Clear();
        _requests.Clear();
        IdempotencyKeys.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        using var atOnce = new CancellationTokenSource();
        await atOnce.CancelAsync();
        await _application.StopAsync(atOnce.Token);
        await _application.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var request = context.Request;
        await RememberAsync(request);
        var matching = _answers.Where(answer => answer.Method == request.Method && answer.Path == request.Path.Value).ToList();
        var turn = _asked.AddOrUpdate($"{request.Method} {request.Path}", 0, (_, before) => before + 1);
        if (matching.Count == 0)
        {
            context.Response.StatusCode = StatusCodes.Status418ImATeapot;
            await context.Response.WriteAsync("no answer is recorded for this request", context.RequestAborted);
            return;
        }

        var answer = matching[Math.Min(turn, matching.Count - 1)];
        context.Response.StatusCode = answer.Status;
        if (answer.File is { } file)
        {
            context.Response.ContentType = file.EndsWith(".sse", StringComparison.Ordinal) ? "text/event-stream" : "application/json";
            await context.Response.SendFileAsync(Path.Combine(Transcript.Folder, "..", "answers", file), context.RequestAborted);
        }

        if (answer.Hold)
        {
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        }

        if (answer.Cut)
        {
            // A reset overtakes what was sent: leave the client the time to read it.
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(500, context.RequestAborted);
            context.Abort();
        }
    }

    private async Task RememberAsync(HttpRequest request)
    {
        var body = await new StreamReader(request.Body).ReadToEndAsync();
        var parts = new List<string> { request.Method, request.Path + Moments().Replace(Uri.UnescapeDataString(request.QueryString.Value ?? ""), "<time>") };
        if (body.Length > 0)
        {
            parts.Add(body);
        }

        if (request.Headers["Last-Event-ID"].FirstOrDefault() is { } last)
        {
            parts.Add($"Last-Event-ID={last}");
        }

        if (request.Headers["Idempotency-Key"].FirstOrDefault() is { } key)
        {
            IdempotencyKeys.Enqueue(key);
            parts.Add("Idempotency-Key");
        }

        if (request.Headers.Authorization.FirstOrDefault() is { } token)
        {
            parts.Add(token);
        }

        _requests.Enqueue(string.Join(' ', parts));
    }

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")]
    private static partial Regex Moments();
}

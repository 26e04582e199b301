using System.Net;
using System.Net.Sockets;
using System.Text;
using StellaOps.Backup.Hosting.Settings;

namespace StellaOps.Backup.Coordinator.Services;

/// <summary>Does what a service's configuration names: runs a command, or calls a URL.</summary>
internal static class ServiceCall
{
    private const int LongestAnswer = 300;

    /// <summary>What a shell makes of a command that it cannot run (126, 127), or that a signal ended; ssh ends with 255 when it does not get through.</summary>
    private const int LeastNoAnswer = 126;
    private static readonly HttpClient Http = new() { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Statuses of those that stand before a service, or that do not let us ask: they say nothing about it.</summary>
    private static readonly HashSet<HttpStatusCode> NoAnswers =
    [
        HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden, HttpStatusCode.ProxyAuthenticationRequired, HttpStatusCode.RequestTimeout,
        HttpStatusCode.TooManyRequests, HttpStatusCode.InternalServerError, HttpStatusCode.GatewayTimeout,
    ];

    public static bool IsUrl(string? action) =>
        Uri.TryCreate(action, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps);

    /// <param name="action">Command or URL.</param>
    /// <param name="method">How a URL is called.</param>
    /// <param name="tokenFile">File whose first line a URL gets as bearer token; null for none.</param>
    /// <param name="limit">After this time it counts as failed.</param>
    /// <param name="clock">Measures the limit.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<ServiceAnswer> RunAsync(string action, HttpMethod method, string? tokenFile, TimeSpan limit, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (IsUrl(action))
        {
            return await CallAsync(new Uri(action), method, tokenFile, limit, clock, cancellationToken);
        }

        var result = await ShellCommand.RunAsync(action, limit, clock, cancellationToken);
        return result.TimedOut
            ? new ServiceAnswer(false, false, $"the command did not end within {limit.TotalSeconds:0} seconds: {result.Output}")
            : new ServiceAnswer(result.Succeeded, result.ExitCode < LeastNoAnswer, $"the command exited with {result.ExitCode}: {result.Output}");
    }

    private static async Task<ServiceAnswer> CallAsync(Uri url, HttpMethod method, string? tokenFile, TimeSpan limit, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        using var request = new HttpRequestMessage(method, url);
        try
        {
            if (tokenFile is not null)
            {
                request.Headers.Authorization = new("Bearer", SecretFile.ReadFirstLine(tokenFile, "ServiceControl:Services:TokenFile"));
            }

            using var response = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            var said = await BeginningAsync(response.Content, either.Token);
            return new ServiceAnswer(response.IsSuccessStatusCode, !NoAnswers.Contains(response.StatusCode), $"{url.Host} answered {(int)response.StatusCode}: {said.Trim()}");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // Nobody listens: that is what a service is like that does not run. A host that is not reached may have one that does.
            var isRefused = e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused };
            return new ServiceAnswer(false, isRefused, $"{url.Host} does not answer: {e.Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new ServiceAnswer(false, false, $"{url.Host} did not answer within {limit.TotalSeconds:0} seconds");
        }
    }

    /// <summary>Whatever is behind the URL, no more than this is taken into memory.</summary>
    private static async Task<string> BeginningAsync(HttpContent content, CancellationToken cancellationToken)
    {
        await using var body = await content.ReadAsStreamAsync(cancellationToken);
        var beginning = new byte[LongestAnswer];
        return Encoding.UTF8.GetString(beginning, 0, await body.ReadAtLeastAsync(beginning, beginning.Length, throwOnEndOfStream: false, cancellationToken));
    }
}

/// <summary>How it went.</summary>
/// <param name="Succeeded">Exit status 0, or a status of 200 to 299.</param>
/// <param name="Answered">False when nobody answered who knows: what was asked about may be either way.</param>
/// <param name="Detail">What was said, when it did not succeed.</param>
internal sealed record ServiceAnswer(bool Succeeded, bool Answered, string Detail);

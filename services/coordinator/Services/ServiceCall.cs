using StellaOps.Backup.Hosting.Settings;

namespace StellaOps.Backup.Coordinator.Services;

/// <summary>Does what a service's configuration names: runs a command, or calls a URL.</summary>
internal static class ServiceCall
{
    private const int LongestAnswer = 300;
    private static readonly HttpClient Http = new() { Timeout = Timeout.InfiniteTimeSpan };

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
        return new ServiceAnswer(result.Succeeded, $"the command exited with {result.ExitCode}: {result.Output}");
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

            using var response = await Http.SendAsync(request, either.Token);
            var said = await response.Content.ReadAsStringAsync(either.Token);
            return new ServiceAnswer(response.IsSuccessStatusCode, $"{url.Host} answered {(int)response.StatusCode}: {said[..Math.Min(said.Length, LongestAnswer)].Trim()}");
        }
        catch (HttpRequestException e)
        {
            return new ServiceAnswer(false, $"{url.Host} does not answer: {e.Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new ServiceAnswer(false, $"{url.Host} did not answer within {limit.TotalSeconds:0} seconds");
        }
    }
}

/// <summary>How it went.</summary>
/// <param name="Succeeded">Exit status 0, or a status of 200 to 299.</param>
/// <param name="Detail">What was said, when it did not.</param>
internal sealed record ServiceAnswer(bool Succeeded, string Detail);

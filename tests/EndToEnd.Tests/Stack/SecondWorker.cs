using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.EndToEnd.Tests.Stack;

/// <summary>One more process of a worker service, with the settings of the stack's own.</summary>
public sealed class SecondWorker : IAsyncDisposable
{
    private readonly GuardedServer _process;

    private SecondWorker(GuardedServer process) => _process = process;

    /// <summary>Starts the program that the stack's own worker runs, with the environment that it has.</summary>
    public static async Task<SecondWorker> StartAsync(LocalStack stack, string service, CancellationToken cancellationToken)
    {
        var own = $"/proc/{stack.ProcessId(service)}";
        var command = (await File.ReadAllTextAsync($"{own}/cmdline", cancellationToken)).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        var environment = (await File.ReadAllTextAsync($"{own}/environ", cancellationToken)).Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => (string?)pair[1], StringComparer.Ordinal);
        environment["STELLAOPS_BACKUP__Listen__Url"] = $"http://127.0.0.1:{FreePorts.Next()}";
        var url = new Uri($"{environment["STELLAOPS_BACKUP__Listen__Url"]}/health/ready");
        var process = GuardedServer.Start(command, Path.Combine(stack.Scratch("second-worker"), $"{service}.log"), environment: environment);
        using var http = new HttpClient();
        await process.WaitUntilReadyAsync(async token =>
        {
            try
            {
                return (await http.GetAsync(url, token)).IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }, TimeSpan.FromSeconds(60), cancellationToken);
        return new SecondWorker(process);
    }

    /// <summary>Stops it in an orderly way.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => Task.Run(_process.Dispose, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None);
}

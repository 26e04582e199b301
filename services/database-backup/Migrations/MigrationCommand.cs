using System.Diagnostics;

namespace StellaOps.Backup.DatabaseBackup.Migrations;

/// <summary>Runs a command of the configuration by <c>/bin/sh -c</c> and hands on its lines as they come.</summary>
internal static class MigrationCommand
{
    /// <param name="command">The command line.</param>
    /// <param name="onOutput">Gets each line of standard output.</param>
    /// <param name="onError">Gets each line of standard error.</param>
    /// <param name="limit">After this time it is killed, with all that it started.</param>
    /// <param name="clock">Measures the limit.</param>
    /// <param name="cancellationToken">Kills it, too.</param>
    /// <returns>Its exit status.</returns>
    /// <exception cref="TimeoutException">The limit passed.</exception>
    public static async Task<int> RunAsync(
        string command, Action<string> onOutput, Action<string> onError, TimeSpan limit, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        using var process = new Process();
        process.StartInfo = new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        process.Start();
        process.StandardInput.Close();
        try
        {
            await Task.WhenAll(
                LinesAsync(process.StandardOutput, onOutput, either.Token), LinesAsync(process.StandardError, onError, either.Token), process.WaitForExitAsync(either.Token));
            return process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            throw new TimeoutException($"not done within {limit.TotalMinutes:0} minutes");
        }
    }

    private static async Task LinesAsync(StreamReader reader, Action<string> onLine, CancellationToken cancellationToken)
    {
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            onLine(line);
        }
    }
}

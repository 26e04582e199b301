using System.Diagnostics;
using System.Runtime.InteropServices;

namespace StellaOps.Backup.Postgres.Servers;

/// <summary>Starts PostgreSQL's programs, as another account where this process is root: they refuse to run as root.</summary>
internal static partial class ServerProcess
{
    /// <summary>A start description; <paramref name="account"/> is used by root only.</summary>
    public static ProcessStartInfo Describe(string program, IEnumerable<string> arguments, Account? account)
    {
        var start = new ProcessStartInfo { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        if (account is not null && Environment.IsPrivilegedProcess)
        {
            start.FileName = "setpriv";
            foreach (var argument in (string[])[$"--reuid={account.UserId}", $"--regid={account.GroupId}", "--init-groups", "--", program])
            {
                start.ArgumentList.Add(argument);
            }
        }
        else
        {
            start.FileName = program;
        }

        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        // The operator's own variables (PGDATA, PGOPTIONS ...) must not steer a private server; messages are read by people in logs.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("PG", StringComparison.Ordinal)).ToArray())
        {
            start.Environment.Remove(name);
        }

        start.Environment["LC_ALL"] = "C";
        return start;
    }

    /// <summary>Runs a program to its end.</summary>
    /// <returns>Exit status, and standard output followed by standard error.</returns>
    public static async Task<(int ExitStatus, string Output)> RunAsync(
        string program, IEnumerable<string> arguments, Account? account, CancellationToken cancellationToken)
    {
        using var process = Process.Start(Describe(program, arguments, account))!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            return (process.ExitCode, await output.ConfigureAwait(false) + await errors.ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>Sends a signal; an ended process is no error.</summary>
    public static void Signal(int processId, int signal) => _ = Kill(processId, signal);

    /// <summary>SIGINT: PostgreSQL's fast shutdown. SIGQUIT: immediate. SIGKILL as the last resort.</summary>
    public const int Interrupt = 2, Quit = 3, KillSignal = 9;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}

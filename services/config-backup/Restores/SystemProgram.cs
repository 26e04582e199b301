using System.Diagnostics;

namespace StellaOps.Backup.ConfigBackup.Restores;

/// <summary>A program of the system that says nothing unless it fails.</summary>
internal static class SystemProgram
{
    /// <exception cref="IOException">It failed; the message begins with <paramref name="failure"/> and ends with what it said.</exception>
    public static async Task RunAsync(string name, IReadOnlyList<string> arguments, string failure, CancellationToken cancellationToken)
    {
        using var program = Process.Start(new ProcessStartInfo(name, arguments) { RedirectStandardError = true }) ?? throw new IOException($"{name} could not be started");
        try
        {
            var error = await program.StandardError.ReadToEndAsync(cancellationToken);
            await program.WaitForExitAsync(cancellationToken);
            if (program.ExitCode != 0)
            {
                throw new IOException($"{failure}: {error.Trim()}");
            }
        }
        catch (OperationCanceledException)
        {
            // It would go on writing beside whatever comes next.
            program.Kill();
            await program.WaitForExitAsync(CancellationToken.None);
            throw;
        }
    }
}

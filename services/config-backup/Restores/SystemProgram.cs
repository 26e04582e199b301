using System.Diagnostics;
using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.ConfigBackup.Restores;

/// <summary>A program of the system that says nothing unless it fails.</summary>
internal static class SystemProgram
{
    private static readonly string[] Full = ["No space left on device", "Disk quota exceeded"];
    private static readonly string[] Denied = ["Permission denied", "Operation not permitted", "Read-only file system"];

    /// <exception cref="BackupException">There is no room, or no permission; the message begins with <paramref name="failure"/> and ends with what the program said.</exception>
    /// <exception cref="IOException">It failed otherwise; the message is made in the same way.</exception>
    public static async Task RunAsync(string name, IReadOnlyList<string> arguments, string failure, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(name, arguments) { RedirectStandardError = true };
        start.Environment["LC_ALL"] = "C"; // What failed is known by its words only.
        using var program = Process.Start(start) ?? throw new IOException($"{name} could not be started");
        try
        {
            var error = await program.StandardError.ReadToEndAsync(cancellationToken);
            await program.WaitForExitAsync(cancellationToken);
            if (program.ExitCode != 0)
            {
                throw Describe($"{failure}: {error.Trim()}");
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

    private static Exception Describe(string message) =>
        Full.Any(words => message.Contains(words, StringComparison.Ordinal)) ? new BackupException(ErrorCodes.StorageFull, message)
        : Denied.Any(words => message.Contains(words, StringComparison.Ordinal)) ? new BackupException(ErrorCodes.PermissionDenied, message)
        : new IOException(message);
}

using System.Diagnostics;

namespace StellaOps.Backup.Testing.Programs;

/// <summary>The real restic (from <c>STELLA_TEST_RESTIC</c>, or the search path), against a repository in a local directory.</summary>
public sealed class ResticProgram(string repository, string password)
{
    private static readonly string Program = Environment.GetEnvironmentVariable("STELLA_TEST_RESTIC") ?? "restic";

    /// <summary>Runs a command that has to succeed.</summary>
    /// <returns>What it wrote to standard output.</returns>
    public async Task<string> RunAsync(IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var (status, output, errors) = await TryRunAsync(arguments, cancellationToken);
        return status == 0
            ? output
            : throw new InvalidOperationException($"restic {string.Join(' ', arguments)} ended with {status}: {errors}{output}");
    }

    /// <summary>Runs a command, and answers how it ended.</summary>
    public async Task<(int Status, string Output, string Errors)> TryRunAsync(IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(Program, ["--no-cache", "--repo", repository, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["RESTIC_PASSWORD"] = password;
        using var process = Process.Start(start) ?? throw new InvalidOperationException("restic did not start");
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return (process.ExitCode, await output, await errors);
    }
}

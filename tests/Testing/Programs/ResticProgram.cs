using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Testing.Programs;

/// <summary>The real restic (from <c>STELLA_TEST_RESTIC</c>, or the search path), against a repository in a local directory.</summary>
public sealed class ResticProgram(string repository, string password)
{
    private static readonly string Program = Environment.GetEnvironmentVariable("STELLA_TEST_RESTIC") ?? "restic";

    /// <summary>Runs a command that has to succeed.</summary>
    /// <returns>What it wrote to standard output.</returns>
    public async Task<string> RunAsync(IEnumerable<string> arguments, CancellationToken cancellationToken) =>
        (await TryRunAsync(arguments, cancellationToken)).Checked().Output;

    /// <summary>Runs a command, and answers how it ended.</summary>
    public Task<ProcessResult> TryRunAsync(IEnumerable<string> arguments, CancellationToken cancellationToken) =>
        Processes.RunAsync(
            Program,
            ["--no-cache", "--repo", repository, .. arguments],
            new Dictionary<string, string?> { ["RESTIC_PASSWORD"] = password },
            cancellationToken: cancellationToken);
}

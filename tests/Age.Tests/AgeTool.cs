using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Age.Tests;

/// <summary>Runs the programs <c>age</c> and <c>age-keygen</c> of the distribution.</summary>
internal static class AgeTool
{
    /// <summary>Runs a program that has to succeed; what it printed.</summary>
    public static async Task<string> RunAsync(string program, params string[] arguments) =>
        (await Processes.RunAsync(program, arguments, cancellationToken: TestContext.Current.CancellationToken)).Checked().Output;

    /// <summary>Runs age with a terminal of its own (script, from util-linux): it asks there for passphrases only.</summary>
    public static async Task RunOnTerminalAsync(string commandLine, string typed) =>
        (await Processes.RunAsync(
            "script", ["--quiet", "--return", "--command", commandLine, "/dev/null"], input: typed,
            cancellationToken: TestContext.Current.CancellationToken)).Checked();
}

using System.Diagnostics;

namespace StellaOps.Backup.Age.Tests;

/// <summary>Runs the programs <c>age</c> and <c>age-keygen</c> of the distribution.</summary>
internal static class AgeTool
{
    /// <summary>Exit status and everything that was printed; standard input is <paramref name="input"/>.</summary>
    public static async Task<(int Status, string Output)> RunAsync(string program, IEnumerable<string> arguments, string input = "")
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
        var cancellation = TestContext.Current.CancellationToken;
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var error = process.StandardError.ReadToEndAsync(cancellation);
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync(cancellation);
        return (process.ExitCode, await output + await error);
    }

    public static async Task<string> RunOkAsync(string program, params string[] arguments)
    {
        var (status, output) = await RunAsync(program, arguments);
        Assert.True(status == 0, $"{program} {string.Join(' ', arguments)}: {output}");
        return output;
    }

    /// <summary>Runs age with a terminal of its own (script, from util-linux): it asks there for passphrases only.</summary>
    public static async Task RunOnTerminalAsync(string commandLine, string typed)
    {
        var (status, output) = await RunAsync("script", ["--quiet", "--return", "--command", commandLine, "/dev/null"], typed);
        Assert.True(status == 0, $"{commandLine}: {output}");
    }
}

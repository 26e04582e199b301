using System.Diagnostics;

namespace StellaOps.Backup.Architecture.Tests;

/// <summary>Prometheus' own tool for rules.</summary>
internal static class Promtool
{
    /// <summary>Fails the test with what the tool says against a file of rules.</summary>
    /// <param name="action"><c>check</c>, or <c>test</c>, whose file names those with the rules.</param>
    /// <param name="file">Absolute path of the file.</param>
    public static async Task AcceptsAsync(string action, string file)
    {
        using var promtool = Process.Start(new ProcessStartInfo("promtool", [action, "rules", file]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = promtool.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await promtool.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await promtool.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(promtool.ExitCode == 0, output + await errors);
    }
}

using System.Diagnostics;
using System.Globalization;

namespace StellaOps.Backup.Benchmarks.Measuring;

/// <summary>
/// Runs programs under GNU time, which takes its figures from the kernel's accounting of the ended process (wait4(2)). It is
/// small: a program started by a large process is charged that process's memory as its peak.
/// </summary>
public static class MeasuredProcess
{
    private const string Time = "/usr/bin/time";

    /// <summary>Runs a program that has to succeed, after everything that earlier ones wrote has reached the disk.</summary>
    /// <exception cref="BenchmarkException">It cannot be started, or fails.</exception>
    public static async Task<Measurement> RunAsync(
        IReadOnlyList<string> command, string directory, IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken)
    {
        if (!File.Exists(Time))
        {
            throw new BenchmarkException($"{Time} is missing: install the package 'time'");
        }

        await RunAsync("sync", [], directory, new Dictionary<string, string>(), cancellationToken);
        var figures = Path.GetTempFileName();
        try
        {
            await RunAsync(Time, ["--output", figures, "--format", "%e %U %S %M", .. command], directory, environment, cancellationToken);
            var values = (await File.ReadAllTextAsync(figures, cancellationToken)).Split(' ').Select(value => double.Parse(value, CultureInfo.InvariantCulture)).ToArray();
            return new Measurement(values[0], values[1] + values[2], (long)values[3] * 1024);
        }
        finally
        {
            File.Delete(figures);
        }
    }

    /// <summary>Runs a program that has to succeed and is not measured.</summary>
    /// <returns>What it wrote to standard output.</returns>
    public static async Task<string> RunAsync(
        string program, IEnumerable<string> arguments, string directory, IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = directory, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Start(start);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return process.ExitCode == 0
            ? await output
            : throw new BenchmarkException($"{program} {string.Join(' ', start.ArgumentList)} ended with {process.ExitCode}: {await error}{await output}");
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            throw new BenchmarkException($"cannot start {start.FileName}: {exception.Message}");
        }
    }
}

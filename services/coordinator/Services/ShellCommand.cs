using System.Diagnostics;

namespace StellaOps.Backup.Coordinator.Services;

/// <summary>Runs a command of the configuration by <c>/bin/sh -c</c>.</summary>
internal static class ShellCommand
{
    private const int OutputLimit = 500;

    /// <summary>How long the last words of a command that failed may take to arrive after its end.</summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromMilliseconds(500);

    /// <param name="command">The command line.</param>
    /// <param name="limit">After this time it is killed and counts as failed.</param>
    /// <param name="clock">Measures the limit.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<Result> RunAsync(string command, TimeSpan limit, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var process = new Process();
        process.StartInfo = new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardOutput = true, RedirectStandardError = true };
        process.Start();
        using var patience = new CancellationTokenSource(limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);

        // A service that the command leaves running may keep the pipes open, so they are not read to their end.
        var output = new LastLines(OutputLimit);
        process.OutputDataReceived += (_, line) => output.Add(line.Data);
        process.ErrorDataReceived += (_, line) => output.Add(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await ExitAsync(process, either.Token);
            if (process.ExitCode != 0)
            {
                await Task.WhenAny(output.Ended, Task.Delay(LastWords, clock, cancellationToken));
            }

            return new Result(process.ExitCode, TimedOut: false, output.ToString());
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            return new Result(-1, TimedOut: true, output.ToString());
        }
    }

    /// <summary>How it ended.</summary>
    /// <param name="ExitCode">Of the command; -1 when it was killed.</param>
    /// <param name="TimedOut">It was killed because its time was over.</param>
    /// <param name="Output">The end of what it printed.</param>
    public sealed record Result(int ExitCode, bool TimedOut, string Output)
    {
        public bool Succeeded => ExitCode == 0;
    }

    /// <summary>Process.WaitForExitAsync would also wait for the pipes.</summary>
    private static async Task ExitAsync(Process process, CancellationToken cancellationToken)
    {
        var exited = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => exited.TrySetResult();
        if (!process.HasExited)
        {
            await exited.Task.WaitAsync(cancellationToken);
        }
    }

    private sealed class LastLines(int limit)
    {
        private readonly Lock _gate = new();
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private string _text = "";
        private int _open = 2;

        /// <summary>When both pipes are at their end.</summary>
        public Task Ended => _ended.Task;

        public void Add(string? line)
        {
            if (line is null && Interlocked.Decrement(ref _open) == 0)
            {
                _ended.TrySetResult();
            }

            if (string.IsNullOrWhiteSpace(line))
            {
                return;
            }

            lock (_gate)
            {
                _text = _text.Length == 0 ? line : $"{_text}; {line}";
                _text = _text.Length <= limit ? _text : _text[^limit..];
            }
        }

        public override string ToString()
        {
            lock (_gate)
            {
                return _text;
            }
        }
    }
}

namespace StellaOps.Backup.Testing.Machine;

/// <summary>How a program ended and what it wrote.</summary>
/// <param name="Command">What was run, for messages.</param>
/// <param name="ExitCode">Its exit status.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
public sealed record ProcessResult(string Command, int ExitCode, string Output, string Error)
{
    /// <summary>This result when the exit status is 0.</summary>
    /// <exception cref="InvalidOperationException">It is not; the message holds what the program wrote.</exception>
    public ProcessResult Checked() => ExitCode == 0
        ? this
        : throw new InvalidOperationException($"{Command} ended with status {ExitCode}\n{Output}\n{Error}");
}

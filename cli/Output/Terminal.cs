namespace StellaOps.Backup.Cli.Output;

/// <summary>
/// Where the process reads and writes. Results go to <see cref="Out"/> and nothing else does, so that it can be piped;
/// progress, remarks, questions and errors go to <see cref="Error"/>.
/// </summary>
internal sealed class Terminal
{
    public TextWriter Out { get; } = Console.Out;

    public TextWriter Error { get; } = Console.Error;

    public TextReader In { get; } = Console.In;

    /// <summary>True when bars can be drawn.</summary>
    public bool IsLive { get; } = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");

    /// <summary>True when there is somebody who can answer a question.</summary>
    public bool CanAsk { get; } = !Console.IsErrorRedirected && !Console.IsInputRedirected;
}

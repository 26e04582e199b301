namespace StellaOps.Backup.Cli.Output;

/// <summary>What is to be known of work that went well.</summary>
/// <param name="Message">What and why.</param>
/// <param name="Hint">What to do next.</param>
internal sealed record WarningView(string Message, string Hint);

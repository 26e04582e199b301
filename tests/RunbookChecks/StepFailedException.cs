namespace StellaOps.Backup.RunbookChecks;

/// <summary>A command did not bring about what it has to; the report says why. What follows in its section has no ground to stand on.</summary>
internal sealed class StepFailedException(RunbookLine line) : Exception(line.Command);

namespace StellaOps.Backup.Contracts.Errors;

/// <summary>An error as messages, events and HTTP answers carry it. Never holds a secret.</summary>
public sealed record ErrorInfo
{
    public required string Code { get; init; }
    public required string Message { get; init; }
    public required string Hint { get; init; }
}

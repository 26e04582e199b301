namespace StellaOps.Backup.Contracts.Errors;

/// <summary>An expected failure: what, why, and what to do next. Anything else that is thrown is a defect.</summary>
public sealed class BackupException(ErrorCode error, string message, string? hint = null, Exception? inner = null)
    : Exception(message, inner)
{
    /// <summary>Row of the error table.</summary>
    public ErrorCode Error { get; } = error;

    /// <summary>Next step, as exact as the place of the error can say it.</summary>
    public string Hint { get; } = hint ?? error.Hint;

    /// <summary>The form in which the error travels.</summary>
    public ErrorInfo ToInfo() => new() { Code = Error.Code, Message = Message, Hint = Hint };
}

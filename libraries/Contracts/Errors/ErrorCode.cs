namespace StellaOps.Backup.Contracts.Errors;

/// <summary>One row of the error table that code, CLI, API and docs/errors.md share.</summary>
/// <param name="Code">Stable identity, <c>area.what</c>.</param>
/// <param name="ExitStatus">Exit status of the CLI.</param>
/// <param name="HttpStatus">Status of the HTTP answer.</param>
/// <param name="Retryable">True when the same request may succeed later without a change by a human.</param>
/// <param name="Hint">What to do next; shown when the place of the error knows nothing better.</param>
public sealed record ErrorCode(string Code, int ExitStatus, int HttpStatus, bool Retryable, string Hint);

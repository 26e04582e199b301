using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Workers.Failures;

/// <summary>What the typed exceptions of a service's own libraries mean in the error table. Register as a singleton.</summary>
public interface IFailureMapping
{
    /// <summary>The expected failure; null for an exception that is not of this mapping.</summary>
    BackupException? Map(Exception exception);
}

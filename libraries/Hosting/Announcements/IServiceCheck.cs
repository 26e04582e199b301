using StellaOps.Backup.Contracts.Workers;

namespace StellaOps.Backup.Hosting.Announcements;

/// <summary>
/// One doctor check of this service. It runs every 30 seconds, and when somebody asks, with 10 seconds of time, and its newest result travels with
/// the announcements.
/// </summary>
public interface IServiceCheck
{
    /// <summary><c>check.storage.backup</c> ...</summary>
    string Id { get; }

    /// <summary>Group in the doctor's report: <c>storage</c>, <c>source</c>, <c>core</c> ...</summary>
    string Category { get; }

    /// <summary>Component or service that is looked at.</summary>
    string? Subject => null;

    /// <summary>Looks. What it throws becomes a failed check; one that goes on after its time has failed, and is not begun again before it ends.</summary>
    Task<CheckResult> RunAsync(CancellationToken cancellationToken);
}

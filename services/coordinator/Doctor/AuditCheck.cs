using System.Globalization;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Audit;
using StellaOps.Backup.Hosting.Announcements;

namespace StellaOps.Backup.Coordinator.Doctor;

/// <summary>
/// <c>check.audit.chain</c>: the audit log is as it was written. A part of it at a time, for it grows for ever: new rows soon after they come, all of it anew
/// every hour. While this process lives, also rows are missed that went from its end.
/// </summary>
internal sealed class AuditCheck(IServiceScopeFactory scopes, TimeProvider clock) : IServiceCheck
{
    /// <summary>Rows in one round: a fraction of a second.</summary>
    internal const int Most = 20_000;
    private static readonly TimeSpan Anew = TimeSpan.FromHours(1);
    private static readonly IReadOnlyList<string> Remedy = ["Keep the catalog database as it is and find out who could write it."];
    private volatile AuditPosition _reached = AuditPosition.Start;
    private long _begunAt = clock.GetTimestamp();

    public string Id => "check.audit.chain";

    public string Category => "security";

    public async Task<CheckResult> RunAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var audit = scope.ServiceProvider.GetRequiredService<AuditLog>();
        var before = _reached;
        if (before.Break is null && !await audit.HasAsync(before, cancellationToken))
        {
            _reached = before with { Break = before.Sequence };
        }
        else if (before.Break is null && clock.GetElapsedTime(_begunAt) > Anew)
        {
            (before, _begunAt) = (AuditPosition.Start, clock.GetTimestamp());
        }

        var reached = _reached.Break is null ? await audit.FollowAsync(before, Most, cancellationToken) : _reached;
        _reached = reached;
        return reached.Break is { } broken ? this.Result(CheckResults.Fail, $"row {broken} of the audit log was changed or removed", Remedy)
            : reached.Sequence - before.Sequence < Most ? this.Result(CheckResults.Pass, "the chain of hashes is whole")
            : this.Result(CheckResults.Pass, string.Create(CultureInfo.InvariantCulture, $"the chain of hashes is whole up to row {reached.Sequence}; the next rows follow"));
    }
}

using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Audit;
using StellaOps.Backup.Hosting.Announcements;

namespace StellaOps.Backup.Coordinator.Doctor;

/// <summary><c>check.audit.chain</c>: the audit log is as it was written.</summary>
internal sealed class AuditCheck(IServiceScopeFactory scopes) : IServiceCheck
{
    public string Id => "check.audit.chain";

    public string Category => "security";

    public async Task<CheckResult> RunAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var broken = await scope.ServiceProvider.GetRequiredService<AuditLog>().FindBreakAsync(cancellationToken);
        return broken is null
            ? this.Result(CheckResults.Pass, "the chain of hashes is whole")
            : this.Result(CheckResults.Fail, $"row {broken} of the audit log was changed or removed", ["Keep the catalog database as it is and find out who could write it."]);
    }
}

using StellaOps.Backup.Contracts.Operations;

namespace StellaOps.Backup.Coordinator.Operations;

/// <summary>The plan of each kind.</summary>
internal sealed class OperationPlans(IEnumerable<OperationPlan> plans)
{
    private readonly Dictionary<OperationKind, OperationPlan> _plans = plans.ToDictionary(plan => plan.Kind);

    public OperationPlan For(OperationKind kind) => _plans[kind];
}

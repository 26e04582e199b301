using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Workers.Failures;

/// <summary>A task found damage; the list says what, and which snapshots need it.</summary>
public sealed class DamagedException(string message, IReadOnlyList<Damage> damages) : Exception(message)
{
    public IReadOnlyList<Damage> Damages { get; } = damages;
}

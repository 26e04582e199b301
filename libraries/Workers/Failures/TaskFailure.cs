using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Workers.Failures;

/// <summary>How a task failed.</summary>
/// <param name="Error">Row and message.</param>
/// <param name="Damages">What was found damaged.</param>
/// <param name="Expected">False for a defect.</param>
internal sealed record TaskFailure(ErrorInfo Error, IReadOnlyList<Damage> Damages, bool Expected);

using System.ComponentModel.DataAnnotations;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.EvidenceBackup.Settings;

/// <summary>Section <c>Evidence</c>.</summary>
internal sealed class EvidenceSettings : ComponentSettings, IValidatableObject
{
    /// <summary>Root of the evidence locker.</summary>
    [Required]
    public string Directory { get; set; } = "";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Directory.Length > 0 && PathRules.Problem(Directory) is { } problem)
        {
            yield return new ValidationResult(problem, [nameof(Directory)]);
        }
    }
}

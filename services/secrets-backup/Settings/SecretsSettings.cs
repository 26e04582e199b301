using System.ComponentModel.DataAnnotations;
using StellaOps.Backup.SecretsBackup.Recipients;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.SecretsBackup.Settings;

/// <summary>Sections <c>Secrets</c> and <c>Keys</c>.</summary>
internal sealed class SecretsSettings : ComponentSettings, IValidatableObject
{
    /// <summary>Files and directories, absolute.</summary>
    [Required, MinLength(1)]
    public IReadOnlyList<string> Paths { get; set; } = [];

    /// <summary>Recipients <c>age1…</c> of the custodians; those of <see cref="RecipientsFile"/> are added.</summary>
    public IReadOnlyList<string> Recipients { get; set; } = [];

    /// <summary>File of recipients, one a line.</summary>
    public string? RecipientsFile { get; set; }

    /// <summary>File of identities; needed to restore only, and better absent until then.</summary>
    public string? IdentityFile { get; set; }

    /// <summary><see cref="Paths"/> without closing slashes.</summary>
    public IReadOnlyList<string> SourcePaths => [.. Paths.Select(path => path.TrimEnd('/'))];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var problem in PathRules.Problems(Paths))
        {
            yield return new ValidationResult(problem, [nameof(Paths)]);
        }

        if (RecipientList.Problem(Recipients) is { } wrong)
        {
            yield return new ValidationResult(wrong, [nameof(Recipients)]);
        }
    }
}

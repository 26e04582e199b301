using System.ComponentModel.DataAnnotations;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.ConfigBackup.Settings;

/// <summary>Section <c>Config</c>.</summary>
internal sealed class ConfigSettings : ComponentSettings, IValidatableObject
{
    /// <summary>Files and directories, absolute.</summary>
    [MinLength(1, ErrorMessage = "at least one path is wanted")]
    public IList<string> Paths { get; init; } = [];

    /// <summary><see cref="Paths"/> without closing slashes, as snapshots name them.</summary>
    public IReadOnlyList<string> SourcePaths => [.. Paths.Select(Path.TrimEndingDirectorySeparator)];

    /// <summary>How often the files are looked at when no change of them was heard.</summary>
    [Range(1, 1440)]
    public int CompareMinutes { get; set; } = 10;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        PathRules.Problems([.. Paths]).Select(problem => new ValidationResult(problem, [nameof(Paths)]));
}

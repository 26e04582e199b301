using System.ComponentModel.DataAnnotations;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.EvidenceBackup.Settings;

/// <summary>Section <c>Evidence</c>.</summary>
internal sealed class EvidenceSettings : ComponentSettings, IValidatableObject
{
    /// <summary>Root of the evidence locker.</summary>
    [Required]
    public string Directory { get; set; } = "";

    /// <summary>Public keys, in PEM, with which the platform's anchors may be signed: files, or directories of them.</summary>
    public IList<string> AnchorKeys { get; init; } = [];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Directory.Length > 0 && PathRules.Problem(Directory) is { } problem)
        {
            yield return new ValidationResult(problem, [nameof(Directory)]);
        }
    }

    /// <summary>Reads the keys; null where none is configured.</summary>
    /// <exception cref="BackupException">One that is configured is not there, or not an ECDSA P-256 key.</exception>
    public TrustedKeys? ReadAnchorKeys() => AnchorKeys.Count == 0 ? null : TrustedKeys.FromPemFiles(AnchorKeys.SelectMany(KeyFiles));

    private static string[] KeyFiles(string path)
    {
        var files = System.IO.Directory.Exists(path) ? System.IO.Directory.GetFiles(path, "*.pem") : [path];
        return files.Length > 0 && Array.TrueForAll(files, File.Exists) ? files : throw new BackupException(
            ErrorCodes.NotConfigured, $"{path} of Evidence:AnchorKeys is not there, or has no *.pem in it",
            "Bring the keys back first (stella backup restore --type keys), or correct the setting and restart the evidence worker.");
    }
}

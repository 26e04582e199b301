using System.ComponentModel.DataAnnotations;

namespace StellaOps.Backup.DatabaseBackup.Settings;

/// <summary>Section <c>Database:Wal</c> of docs/configuration.md.</summary>
internal sealed class WalSettings
{
    public bool Enabled { get; set; }

    /// <summary>False where the server runs <c>stella wal push</c> as its <c>archive_command</c>.</summary>
    public bool Stream { get; set; } = true;

    /// <summary>Recipients <c>age1…</c>; those of <see cref="RecipientsFile"/> are added.</summary>
    public List<string> Recipients { get; set; } = [];

    public string? RecipientsFile { get; set; }

    /// <summary>File of identities; needed to restore only.</summary>
    public string? IdentityFile { get; set; }

    /// <summary>Replication slot; null for <c>stella_</c> and the cluster's name.</summary>
    public string? Slot { get; set; }

    public string SpoolDirectory { get; set; } = "/var/lib/stellaops/wal-spool";

    public int SpoolMiB { get; set; } = 4096;

    public int TailSeconds { get; set; } = 5;

    public int ScrubMinutes { get; set; } = 15;

    public int ManifestMinutes { get; set; } = 60;

    /// <summary>Directory with plain segments, to refill gaps from.</summary>
    public string? ArchiveDirectory { get; set; }

    /// <summary>WAL that the slot may hold back, or that was not pushed, before it is warned about.</summary>
    public int RetainedWarningMiB { get; set; } = 1024;

    /// <summary>Name of the slot for a cluster: lower-case letters, digits and underscores, as PostgreSQL wants them.</summary>
    public string SlotOf(string cluster) =>
        Slot ?? "stella_" + string.Concat(cluster.ToLowerInvariant().Select(character => char.IsAsciiLetterOrDigit(character) ? character : '_'));

    public IEnumerable<ValidationResult> Validate()
    {
        if (!Enabled)
        {
            yield break;
        }

        if (Recipients.Count == 0 && string.IsNullOrEmpty(RecipientsFile))
        {
            yield return Wrong(nameof(Recipients), "WAL holds every row of every table and is never stored in the clear: name an age recipient (age-keygen)");
        }

        if (!Path.IsPathFullyQualified(SpoolDirectory))
        {
            yield return Wrong(nameof(SpoolDirectory), "an absolute path is wanted");
        }

        if (Slot is not null && (Slot.Length is 0 or > 63 || Slot.Any(character => !char.IsAsciiLetterLower(character) && !char.IsAsciiDigit(character) && character != '_')))
        {
            yield return Wrong(nameof(Slot), "up to 63 lower-case letters, digits and underscores are wanted");
        }

        foreach (var (name, value, least, most) in Numbers().Where(number => number.Value < number.Least || number.Value > number.Most))
        {
            yield return Wrong(name, $"{value} is not between {least} and {most}");
        }
    }

    private IEnumerable<(string Name, int Value, int Least, int Most)> Numbers() =>
    [
        (nameof(SpoolMiB), SpoolMiB, 32, 1 << 20), (nameof(TailSeconds), TailSeconds, 1, 60), (nameof(ScrubMinutes), ScrubMinutes, 1, 1440),
        (nameof(ManifestMinutes), ManifestMinutes, 1, 1440), (nameof(RetainedWarningMiB), RetainedWarningMiB, 16, 1 << 24),
    ];

    private static ValidationResult Wrong(string name, string why) => new(why, [$"Wal:{name}"]);
}

using static StellaOps.Backup.Benchmarks.Works.DataSet;
using static StellaOps.Backup.Benchmarks.Works.Figure;
using static StellaOps.Backup.Benchmarks.Works.Step;

namespace StellaOps.Backup.Benchmarks.Works;

/// <summary>What the repository engine has to reach.</summary>
internal static class EngineWorks
{
    private const double Megabyte = 1e6;

    public static IReadOnlyList<Work> All { get; } =
    [
        new("first-backup", Evidence, FirstBackup, Wall, "restic", 0.40),
        new("first-backup-borg", Evidence, FirstBackup, Wall, "borg", 0.35),
        new("no-change", Evidence, NoChange, Wall, "restic", 0.35),
        new("changed", Evidence, Changed, Wall, "restic", 0.35),
        new("verify", Evidence, Verify, Wall, "restic", 0.50),
        new("restore", Evidence, Restore, Wall, "restic", 0.50),
        new("size", Evidence, FirstBackup, Size, "restic", 1.02),
        new("memory", Evidence, FirstBackup, Memory, null, 200 * Megabyte),
        new("million-first", SmallFiles, FirstBackup, Wall, "restic", 0.50),
        new("million-first-memory", SmallFiles, FirstBackup, Memory, "restic", 0.50),
        new("million-no-change", SmallFiles, NoChange, Wall, "restic", 0.50),
        new("million-no-change-memory", SmallFiles, NoChange, Memory, "restic", 0.50),
    ];
}

using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Cli.Output;

/// <summary>What a check of the evidence locker and a new index found, as text.</summary>
internal static class EvidenceText
{
    public static void Write(TextWriter output, EvidenceReport report)
    {
        var table = new TextTable("CHECK", "CHECKED", "PROBLEMS", "REMARKS").Right(1, 2, 3);
        foreach (var check in report.Checks)
        {
            table.Add(check.Check, Units.Count(check.Checked), Units.Count(check.ProblemCount), Units.Count(check.RemarkCount));
        }

        table.WriteTo(output);
        foreach (var check in report.Checks)
        {
            IntegrityText.Lines(output, $"{check.Check}: problem", check.Problems, check.ProblemCount);
            IntegrityText.Lines(output, $"{check.Check}: remark", check.Remarks, check.RemarkCount);
        }

        output.WriteLine($"artifacts in the locker: {Units.Count(report.Artifacts)}, {Units.Size(report.Bytes)}");
    }

    public static void Write(TextWriter output, IndexResult index, bool dryRun)
    {
        IntegrityText.Lines(output, "added", index.Added, index.AddedCount);
        IntegrityText.Lines(output, "dropped, not in the locker", index.Dropped, index.DroppedCount);
        IntegrityText.Lines(output, "corrected", index.Corrected, index.CorrectedCount);
        var state = index.Written ? "written" : dryRun ? "not written" : "already as it has to be";
        output.WriteLine($"artifacts in the index: {Units.Count(index.Artifacts)}, added {Units.Count(index.AddedCount)}, dropped {Units.Count(index.DroppedCount)}, corrected {Units.Count(index.CorrectedCount)}");
        output.WriteLine($"index.json: {state}, SHA-256 {index.Sha256}");
    }
}

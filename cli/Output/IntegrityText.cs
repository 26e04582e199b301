using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Cli.Output;

/// <summary>What an integrity check and a migration found, as text.</summary>
internal static class IntegrityText
{
    public static void Write(TextWriter output, IntegrityReport report)
    {
        var table = new TextTable("CHECK", "DATABASE", "CHECKED", "PROBLEMS", "REMARKS").Right(2, 3, 4);
        foreach (var check in report.Checks)
        {
            table.Add(
                check.Check,
                check.Database ?? "-",
                check.NotChecked is null ? Units.Count(check.Checked) : "not checked",
                Units.Count(check.ProblemCount),
                Units.Count(check.RemarkCount));
        }

        table.WriteTo(output);
        foreach (var check in report.Checks)
        {
            var name = check.Database is { } database ? $"{check.Check} of '{database}'" : check.Check;
            Lines(output, $"{name}: problem", check.Problems, check.ProblemCount);
            Lines(output, $"{name}: remark", check.Remarks, check.RemarkCount);
        }

        output.WriteLine(report.ComparedWith is { } point ? $"rows were compared with point '{point}'" : "rows were not compared with a recovery point");
    }

    public static void Write(TextWriter output, MigrationReport report)
    {
        Lines(output, report.Applied ? "applied" : "pending", report.Pending, report.Pending.Count);
        output.WriteLine(report switch
        {
            { Pending.Count: 0 } => $"nothing to do: migrations of {report.Expected}: {Units.Count(report.Count)}, and the database has them all",
            { Applied: true, Duration: { } duration } => $"migrations of {report.Expected} that were applied: {Units.Count(report.Pending.Count)}, in {Units.Duration(duration)}",
            _ => $"migrations of {report.Expected} that are pending: {Units.Count(report.Pending.Count)}; 'stella db migrate --with-migration' applies them",
        });
    }

    /// <summary>A list in a report, and how many more there are than it has.</summary>
    public static void Lines(TextWriter output, string head, IReadOnlyList<string> lines, long count)
    {
        foreach (var line in lines)
        {
            output.WriteLine($"{head}: {line}");
        }

        if (count > lines.Count)
        {
            output.WriteLine($"{head}: and {Units.Count(count - lines.Count)} more");
        }
    }
}

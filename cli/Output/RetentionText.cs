using System.Globalization;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Output;

/// <summary>The retention as text: its rules, and what a run decided.</summary>
internal static class RetentionText
{
    public static void Write(TextWriter output, RetentionView view)
    {
        var table = new TextTable("COMPONENT", "DAYS", "LAST", "DAILY", "WEEKLY", "MONTHLY").Right(1, 2, 3, 4, 5);
        foreach (var rule in view.Rules)
        {
            table.Add(rule.Component.Name(), Number(rule.Days), Number(rule.Last), Number(rule.Daily), Number(rule.Weekly), Number(rule.Monthly));
        }

        table.WriteTo(output);
        output.WriteLine();
        output.WriteLine($"applied last: {(view.LastRunAt is { } at ? Units.Time(at) : "never")}");
    }

    public static void Write(TextWriter output, RetentionReport report)
    {
        var table = new TextTable("POINT", "TAKEN", "COMPONENTS", "DECISION", "WHY");
        foreach (var point in report.Points)
        {
            foreach (var same in point.Parts.GroupBy(part => (part.Kept, Why: string.Join(", ", part.Why))))
            {
                table.Add(point.Name, Units.Time(point.TakenAt), string.Join(',', same.Select(part => part.Component.Title(part.Cluster))), same.Key.Kept ? "keep" : report.Destination is null ? "drop" : "archive", same.Key.Why);
            }
        }

        if (report.Points.Count > 0)
        {
            table.WriteTo(output);
            output.WriteLine();
        }

        foreach (var note in report.Notes)
        {
            output.WriteLine(note);
        }

        if (report.Destination is { } destination)
        {
            output.WriteLine($"points: {Units.Count(report.Points.Count(point => point.Parts.All(part => !part.Kept)))} to archive in {destination}, {Units.Count(report.Points.Count(point => point.Parts.Any(part => part.Kept)))} to keep in the location");
            return;
        }

        var whole = report.Points.Count(point => point.Parts.All(part => !part.Kept));
        var partly = report.Points.Count(point => point.Parts.Any(part => part.Kept) && point.Parts.Any(part => !part.Kept));
        output.WriteLine($"points: {Units.Count(whole)} to drop, {Units.Count(partly)} to drop in part, {Units.Count(report.Points.Count - whole - partly)} to keep");
    }

    private static string Number(int? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "-";
}

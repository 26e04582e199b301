using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository.Checking;

namespace StellaOps.Backup.Cli.Repositories;

/// <summary>What a check or a verify found.</summary>
internal static class CheckPrinting
{
    /// <summary>Prints the report; 0 when nothing is damaged.</summary>
    /// <exception cref="BackupException"><see cref="ErrorCodes.Damaged"/>.</exception>
    public static int Print(Session session, CheckReport report, TimeSpan duration, string done)
    {
        var view = new CheckView(
            report.Packs, report.Blobs, report.PacksRead, report.BytesRead, report.AllReadSince, report.UnindexedPacks, duration.TotalSeconds,
            [.. report.Damages.Select(damage => new DamageView(damage.Kind.ToString(), damage.Object, damage.Detail, [.. damage.Snapshots.Select(id => id.ToString())]))]);
        session.PrintResult(view, output => Write(output, report, duration, done));
        return report.Damages.Count == 0
            ? 0
            : throw new BackupException(
                ErrorCodes.Damaged, $"{report.Damages.Count} damages, the first: {report.Damages[0].Object}: {report.Damages[0].Detail}");
    }

    private static void Write(TextWriter output, CheckReport report, TimeSpan duration, string done)
    {
        var part = report.PacksRead < report.Packs ? $" of {Units.Count(report.PacksRead)} packs" : "";
        var read = report.BytesRead > 0 ? $", {Units.Size(report.BytesRead)}{part} read" : "";
        output.WriteLine($"{done} {Units.Count(report.Packs)} packs and {Units.Count(report.Blobs)} blobs{read} in {Units.Duration(duration)}");
        if (report.AllReadSince is { } since)
        {
            output.WriteLine($"everything was read since {Units.Time(since)}");
        }

        if (!report.IsRemembered)
        {
            output.WriteLine("what was read could not be remembered: the next run with --share may read it again");
        }

        if (report.UnindexedPacks > 0)
        {
            output.WriteLine($"{Units.Count(report.UnindexedPacks)} packs of interrupted backups: harmless, the next prune removes them");
        }

        if (report.Damages.Count == 0)
        {
            output.WriteLine("no damage");
            return;
        }

        var table = new TextTable("DAMAGE", "OBJECT", "DETAIL", "NEEDED BY");
        foreach (var damage in report.Damages)
        {
            table.Add(
                damage.Kind.ToString(),
                damage.Object,
                damage.Detail,
                damage.Snapshots.Count == 0 ? "-" : string.Join(',', damage.Snapshots.Select(id => Units.ShortId(id.ToString()))));
        }

        table.WriteTo(output);
    }

    internal sealed record CheckView(
        long Packs, long Blobs, long PacksRead, long BytesRead, DateTimeOffset? AllReadSince, long UnindexedPacks, double Seconds, IReadOnlyList<DamageView> Damages);

    internal sealed record DamageView(string Kind, string Object, string Detail, IReadOnlyList<string> Snapshots);
}

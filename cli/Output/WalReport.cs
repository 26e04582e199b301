using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Output;

/// <summary>WAL archives as text.</summary>
internal static class WalReport
{
    public static void Write(TextWriter output, IReadOnlyList<WalArchiveView> archives)
    {
        if (archives.Count == 0)
        {
            output.WriteLine("no WAL is archived; Database:Wal:Enabled turns it on");
            return;
        }

        foreach (var (index, archive) in archives.Index())
        {
            if (index > 0)
            {
                output.WriteLine();
            }

            WriteOne(output, archive);
        }
    }

    private static void WriteOne(TextWriter output, WalArchiveView archive)
    {
        var facts = new Facts();
        facts.Add("cluster", $"{archive.Cluster}, system {archive.SystemIdentifier}");
        facts.Add("archived to", ArchivedTo(archive));
        facts.Add("last commit", archive.LastCommitAt is { } commit ? Units.Instant(commit) : null);
        facts.Add("problem", archive.Problem);
        facts.Add("kept from", KeptFrom(archive));
        foreach (var timeline in archive.Timelines.Where(timeline => timeline.Parent is not null))
        {
            facts.Add($"timeline {timeline.Timeline}", $"left timeline {timeline.Parent} at {timeline.SwitchLsn}");
        }

        facts.WriteTo(output);
        WriteRanges(output, archive.Ranges);
        WriteWindows(output, archive.Windows);
        WriteGaps(output, archive.Gaps);
        WriteRestorePoints(output, archive.RestorePoints);
    }

    // Before the first push of a timeline its archiver knows that there is nothing of it.
    private static string? ArchivedTo(WalArchiveView archive) => (archive.ArchivedTo, archive.ArchivedTimeline) switch
    {
        (null, null) => null,
        (null, { } timeline) => $"nothing of timeline {timeline} yet, as of {Units.Time(archive.ArchivedAt)}",
        ({ } position, { } timeline) => $"{position} of timeline {timeline}, as of {Units.Time(archive.ArchivedAt)}",
        ({ } position, null) => $"{position}, as of {Units.Time(archive.ArchivedAt)}",
    };

    private static string? KeptFrom(WalArchiveView archive)
    {
        var positions = archive.Timelines.Where(timeline => timeline.KeptFrom is not null).Select(timeline => $"{timeline.KeptFrom} of timeline {timeline.Timeline}").ToList();
        return positions.Count > 0 ? $"{string.Join(", ", positions)}; no recovery point needs what was before, which was removed, last on {Units.Time(archive.ExpiredAt)}" : null;
    }

    private static void WriteRanges(TextWriter output, IReadOnlyList<WalRangeView> ranges)
    {
        output.WriteLine();
        if (ranges.Count == 0)
        {
            output.WriteLine("no WAL with commits between these times");
            return;
        }

        var table = new TextTable("TIMELINE", "FIRST SEGMENT", "LAST SEGMENT", "START", "STOP", "SEGMENTS", "STORED", "FIRST COMMIT", "LAST COMMIT").Right(0, 5, 6);
        foreach (var range in ranges)
        {
            table.Add(
                $"{range.Timeline}", range.FirstSegment, range.LastSegment, range.StartLsn, range.StopLsn,
                Units.Count(range.Segments) + (range.Tail ? " + tail" : ""), Units.Size(range.Bytes), Units.Time(range.FirstCommitAt), Units.Time(range.LastCommitAt));
        }

        table.WriteTo(output);
    }

    private static void WriteWindows(TextWriter output, IReadOnlyList<WalWindowView> windows)
    {
        output.WriteLine();
        if (windows.Count == 0)
        {
            output.WriteLine("no time can be recovered to: there is no base backup of this cluster; take one: stella backup create --type database");
            return;
        }

        var table = new TextTable("REACHABLE FROM", "TO", "FROM LSN", "TO LSN", "TIMELINE", "BASE BACKUPS").Right(4);
        foreach (var window in windows)
        {
            table.Add(Units.Instant(window.FromTime), LastTime(window), window.FromLsn, window.ToLsn, $"{window.Timeline}", string.Join(", ", window.Points));
        }

        table.WriteTo(output);
    }

    // Nothing was committed since the first base backup: only that backup's end can be named as a time.
    private static string LastTime(WalWindowView window) =>
        window.ToTime is { } to ? Units.Instant(to < window.FromTime ? window.FromTime : to) : "-";

    private static void WriteGaps(TextWriter output, IReadOnlyList<WalGapView> gaps)
    {
        output.WriteLine();
        if (gaps.Count == 0)
        {
            output.WriteLine("no gaps");
            return;
        }

        var table = new TextTable("GAP", "FIRST SEGMENT", "LAST SEGMENT", "FOUND", "ENDED", "BY", "REASON");
        foreach (var gap in gaps)
        {
            table.Add(gap.State, gap.FirstSegment, gap.LastSegment, Units.Time(gap.FoundAt), Units.Time(gap.EndedAt), gap.EndedBy ?? "-", gap.Reason);
        }

        table.WriteTo(output);
    }

    private static void WriteRestorePoints(TextWriter output, IReadOnlyList<WalRestorePointView> points)
    {
        if (points.Count == 0)
        {
            return;
        }

        output.WriteLine();
        var table = new TextTable("RESTORE POINT", "AT", "LSN", "TIMELINE").Right(3);
        foreach (var point in points)
        {
            table.Add(point.Name, Units.Time(point.At), point.Lsn, $"{point.Timeline}");
        }

        table.WriteTo(output);
    }
}

using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Points;

namespace StellaOps.Backup.Cli.Output;

/// <summary>Pin and legal holds of a point.</summary>
internal static class ProtectionReport
{
    /// <summary>In a word or two, for a table.</summary>
    public static string Brief(PointView point) => (point.Pin, point.Holds) switch
    {
        (null, []) => "-",
        (null, _) => "held",
        (_, []) => "pinned",
        _ => "pinned,held",
    };

    public static void Write(TextWriter output, PointView point)
    {
        var facts = new Facts();
        facts.Add("name", point.Name);
        Add(facts, point);
        facts.Add("pinned", point.Pin is null ? "no" : null);
        facts.Add("on legal hold", point.Holds.Count == 0 ? "no" : null);
        facts.WriteTo(output);
    }

    public static void Add(Facts facts, PointView point)
    {
        facts.Add("pinned", point.Pin is { } pin ? $"since {Units.Time(pin.At)} by {pin.By}{Why(pin.Reason)}" : null);
        foreach (var hold in point.Holds)
        {
            facts.Add("on legal hold", $"since {Units.Time(hold.At)} by {hold.By}: {hold.Reason}");
            facts.Add("release", hold.Release is { } asked ? Asked(asked) : null);
        }
    }

    private static string Asked(HoldRelease asked) => $"asked for by {asked.By}{Why(asked.Reason)}; a second person has to until {Units.Time(asked.Until)}";

    private static string Why(string? reason) => reason is null ? "" : $" ({reason})";
}

using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Output;

/// <summary>How far the secondary location is behind, in lines of the status. Without one there are none.</summary>
internal static class SecondaryText
{
    public static void Write(Facts facts, SecondaryStatus? secondary)
    {
        if (secondary is null)
        {
            return;
        }

        facts.Add("secondary", secondary.Location);
        facts.Add("  newest there", secondary.NewestPoint is { } name ? $"{name}, taken {Units.Time(secondary.NewestAt)}" : "none");
        facts.Add("  behind", Behind(secondary));
        foreach (var wal in secondary.Wal)
        {
            facts.Add($"  WAL of {wal.Cluster}", $"to {wal.ArchivedTo}{(wal.CaughtUpAt is { } at ? $", all there was at {Units.Time(at)}" : "")}");
        }

        facts.Add("  problem", secondary.Problem);
    }

    private static string Behind(SecondaryStatus secondary) => secondary.PointsBehind == 0
        ? secondary.Points == 1 ? "nothing: the only point is there" : $"nothing: all {Units.Count(secondary.Points)} points are there"
        : $"{Units.Count(secondary.PointsBehind)} point{(secondary.PointsBehind == 1 ? "" : "s")}, about {Units.Size(secondary.BytesBehind)}{(secondary.LagSeconds > 0 ? $", for {Units.Duration(TimeSpan.FromSeconds(secondary.LagSeconds))}" : "")}";
}

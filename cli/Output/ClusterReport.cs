using System.Globalization;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Output;

/// <summary>How clusters could be recovered, as text: a line for each, then what a human must know besides.</summary>
internal static class ClusterReport
{
    /// <summary>The oldest reachable time, cut to the second, would not be reachable.</summary>
    private static readonly TimeSpan OneSecondUp = TimeSpan.FromTicks(TimeSpan.TicksPerSecond - 1);

    public static void Write(TextWriter output, IReadOnlyList<ClusterStatus> clusters)
    {
        if (clusters.Count == 0)
        {
            return;
        }

        output.WriteLine();
        var table = new TextTable("CLUSTER", "DURABLE TO", "LOSS WINDOW", "REACHABLE FROM", "TO", "OPEN GAPS", "SLOT KEEPS", "SLOT LEFT", "LAST PROVEN", "RECOVERY TAKES").Right(2, 5, 6, 7);
        foreach (var cluster in clusters)
        {
            table.Add(
                cluster.Cluster,
                cluster.NewestDurableLsn ?? "-",
                cluster.LossWindowSeconds is { } seconds ? Units.Duration(TimeSpan.FromSeconds(seconds)) : "-",
                Units.Time(cluster.OldestReachableAt + OneSecondUp),
                Units.Time(cluster.NewestReachableAt),
                Units.Count(cluster.OpenGaps.Count),
                cluster.Slot is { } slot ? Units.Size(slot.RetainedBytes) : "-",
                cluster.Slot?.SafeBytes is { } safe ? Units.Size(safe) : "-",
                Units.Time(cluster.LastProvenAt),
                cluster.Recovery.Seconds is { } takes ? $"about {Units.Duration(TimeSpan.FromSeconds(takes))}" : "not measured");
        }

        table.WriteTo(output);
        foreach (var line in clusters.SelectMany(Remarks))
        {
            output.WriteLine(line);
        }
    }

    private static IEnumerable<string> Remarks(ClusterStatus cluster)
    {
        var name = cluster.Cluster;
        if (cluster.Problem is { } problem)
        {
            yield return $"{name}: {problem}";
        }
        else if (cluster.Archiving is null)
        {
            yield return $"{name}: WAL is not archived (Database:Wal:Enabled): what is committed after a base backup is lost with the server";
        }
        else if (cluster.Archiving is false)
        {
            yield return $"{name}: no worker archives WAL now";
        }

        foreach (var gap in cluster.OpenGaps)
        {
            yield return $"{name}: WAL is missing from {gap.StartLsn} to {gap.StopLsn} on timeline {gap.Timeline} ({gap.Reason}); take a base backup: stella backup create --cluster {name}";
        }

        if (cluster.NewestReachableAt is null && cluster.Problem is null)
        {
            yield return $"{name}: nothing can be recovered yet; take a base backup: stella backup create --cluster {name}";
        }
        else if (cluster.Recovery.Steps.Count + cluster.Recovery.NotMeasured.Count > 0)
        {
            yield return $"{name}: recovery from '{cluster.Recovery.Point}': {Forecast(cluster.Recovery)}";
        }
    }

    private static string Forecast(RecoveryForecast forecast) => string.Join(", ", forecast.Steps.Select(Step).Concat(forecast.NotMeasured.Select(step => $"{step} not measured{Remedy(step)}")));

    private static string Step(ForecastStep step)
    {
        var work = step is { Bytes: { } bytes, BytesPerSecond: { } rate } ? $" ({Units.Size(bytes)} at {Units.Rate(rate)}, " : " (";
        return $"{step.Step} {Units.Duration(TimeSpan.FromSeconds(step.Seconds))}{work}measured {step.MeasuredAt.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)})";
    }

    private static string Remedy(string step) => step switch
    {
        "verify" => " (stella backup verify)",
        "restore" or "start" => " (stella backup test-restore --latest)",
        "replay" => " (stella backup test-restore --latest --replay)",
        _ => "",
    };
}

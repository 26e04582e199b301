using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Coordinator.Status;

/// <summary>How long a recovery would take: rates of drills applied to the sizes of today. What no drill measured is named, not guessed.</summary>
internal static class Forecast
{
    /// <param name="drills">Newest measurement of each step.</param>
    /// <param name="point">Point of the newest base backup; null when there is none.</param>
    /// <param name="baseBytes">Its size.</param>
    /// <param name="walBytes">WAL from its start to the newest reachable position; null when that is not known, 0 where no WAL is archived.</param>
    public static RecoveryForecast Of(IReadOnlyDictionary<string, Drill> drills, string? point, long baseBytes, long? walBytes)
    {
        if (point is null)
        {
            return new RecoveryForecast();
        }

        var steps = new List<ForecastStep>();
        var lacking = new List<string>();
        foreach (var (step, bytes) in Work(baseBytes, walBytes))
        {
            if (drills.GetValueOrDefault(step) is { } drill && (bytes is not null || drill.Bytes is null))
            {
                steps.Add(Step(drill, bytes));
            }
            else
            {
                lacking.Add(step);
            }
        }

        return new RecoveryForecast
        {
            Point = point,
            Steps = steps,
            NotMeasured = lacking,
            Seconds = lacking.Count == 0 ? steps.Sum(step => step.Seconds) : null,
        };
    }

    private static IEnumerable<(string Step, long? Bytes)> Work(long baseBytes, long? walBytes) =>
        ((string, long?)[])[(Drill.Verify, baseBytes), (Drill.Restore, baseBytes), (Drill.Start, null), .. walBytes is 0 ? [] : ((string, long?)[])[(Drill.Replay, walBytes)]];

    private static ForecastStep Step(Drill drill, long? bytes)
    {
        var rate = drill.Bytes / drill.Seconds;
        return new ForecastStep
        {
            Step = drill.Step,
            Bytes = rate is null ? null : bytes,
            BytesPerSecond = rate,
            Seconds = rate is { } measured && bytes is { } size ? size / measured : drill.Seconds,
            MeasuredAt = drill.At,
            MeasuredBy = drill.By,
        };
    }
}

using StellaOps.Backup.Contracts.Points;

namespace StellaOps.Backup.Cli.Output;

/// <summary>How long each phase of a piece of work took, and how fast WAL was replayed.</summary>
internal static class PhaseText
{
    /// <summary>One line; none where the duration of the whole says the same.</summary>
    public static IReadOnlyList<string> Of(IReadOnlyList<PhaseTime> phases) =>
        phases.Count < 2 ? [] : [$"phases: {string.Join(", ", phases.Select(phase => $"{phase.Phase} {Units.Duration(phase.Duration)}"))}"];

    public static string? Of(ReplayResult? replay) => replay is null ? null
        : $"{Units.Count(replay.Segments)} {(replay.Segments == 1 ? "segment" : "segments")}, {Units.Size(replay.Bytes)} at {Units.Rate(replay.Bytes / Math.Max(replay.Duration.TotalSeconds, 0.001))}, "
            + $"from {replay.FromLsn} to {replay.ToLsn} of timeline {replay.Timeline}{(replay.LastCommitAt is { } last ? $", last commit {Units.Time(last)}" : "")}";
}

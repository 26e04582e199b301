namespace StellaOps.Backup.Benchmarks.Measuring;

/// <summary>What one run of a whole process cost.</summary>
/// <param name="WallSeconds">From its start to its end.</param>
/// <param name="ProcessorSeconds">User and system time, with its children's.</param>
/// <param name="PeakBytes">Largest resident memory.</param>
public sealed record Measurement(double WallSeconds, double ProcessorSeconds, long PeakBytes);

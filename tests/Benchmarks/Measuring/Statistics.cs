namespace StellaOps.Backup.Benchmarks.Measuring;

/// <summary>Figures of several runs.</summary>
public static class Statistics
{
    /// <summary>The middle value; of an even number of them, the mean of the middle two.</summary>
    public static double Median(this IEnumerable<double> values)
    {
        var ordered = values.Order().ToArray();
        return (ordered[(ordered.Length - 1) / 2] + ordered[ordered.Length / 2]) / 2;
    }
}

using System.Globalization;
using StellaOps.Backup.Benchmarks.Measuring;

namespace StellaOps.Backup.Benchmarks.Works;

/// <summary>
/// The lines of the table. A ratio is the median of the ratios of each run, which a machine that is busy with something else disturbs
/// less than the ratio of two medians; the ratio of processor seconds, which it disturbs least, stands behind it.
/// </summary>
internal sealed class Report(IReadOnlyDictionary<(DataSet, Step, string Program), List<Sample>> samples)
{
    /// <returns>True when the target is reached.</returns>
    public bool Print(Work work)
    {
        var ours = samples[(work.Data, work.Step, "stella")];
        var value = ours.Select(sample => sample.Of(work.Figure)).Median();
        if (work.Peer is not { } peer)
        {
            return Line(work, value, "limit", work.Target, value / work.Target, 1, "");
        }

        var theirs = samples[(work.Data, work.Step, peer)];
        var ratio = Ratio(ours, theirs, sample => sample.Of(work.Figure));
        var processor = work.Figure == Figure.Wall
            ? string.Create(CultureInfo.InvariantCulture, $"   processor {Ratio(ours, theirs, sample => sample.Cost.ProcessorSeconds):F2}")
            : "";
        return Line(work, value, peer, theirs.Select(sample => sample.Of(work.Figure)).Median(), ratio, work.Target, processor);
    }

    private static double Ratio(List<Sample> ours, List<Sample> theirs, Func<Sample, double> figure) =>
        ours.Zip(theirs, (our, their) => figure(our) / figure(their)).Median();

    private static bool Line(Work work, double ours, string peer, double theirs, double ratio, double target, string remark) =>
        TableLine.Print(work.Name, Text(work.Figure, ours), peer, Text(work.Figure, theirs), ratio, target, remark);

    private static string Text(Figure figure, double value) =>
        figure == Figure.Wall
            ? string.Create(CultureInfo.InvariantCulture, $"{value:F2} s")
            : string.Create(CultureInfo.InvariantCulture, $"{value / 1e6:F0} MB");
}

using System.Globalization;
using StellaOps.Backup.Benchmarks.Measuring;
using StellaOps.Backup.Benchmarks.Works;

namespace StellaOps.Backup.Benchmarks.Clusters;

/// <summary>Pairs of figures, ours and the peer's of the same run, and the table of them.</summary>
internal sealed class ClusterReport
{
    private readonly Dictionary<string, List<Pair>> _pairs = [];

    /// <summary>Largest memory of any worker so far.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>Takes the largest memory of a worker.</summary>
    public void Note(string worker, long peakBytes)
    {
        PeakBytes = Math.Max(PeakBytes, peakBytes);
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  memory of the worker for {worker}: {peakBytes / 1e6:F0} MB"));
    }

    /// <summary>Takes two figures: seconds or bytes.</summary>
    public void Add(string line, double ours, double theirs, string remark = "", (double Ours, double Theirs)? processor = null)
    {
        (_pairs.TryGetValue(line, out var earlier) ? earlier : _pairs[line] = []).Add(new Pair(ours, theirs, remark, processor));
        var seconds = processor is { } known ? string.Create(CultureInfo.InvariantCulture, $"   processor {known.Ours:F2} to {known.Theirs:F2}") : remark;
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {line}: {ours:F2} to {theirs:F2}{seconds}"));
    }

    /// <summary>Takes the costs of two runs.</summary>
    public void Add(string line, Measurement ours, Measurement theirs) =>
        Add(line, ours.WallSeconds, theirs.WallSeconds, "", (ours.ProcessorSeconds, theirs.ProcessorSeconds));

    /// <summary>Prints a line. A ratio is the median of the ratios of each run.</summary>
    /// <returns>True when the target is reached.</returns>
    public bool Print(ClusterLine line)
    {
        var pairs = _pairs[line.Name];
        var (ours, theirs) = (pairs.Select(pair => pair.Ours).Median(), pairs.Select(pair => pair.Theirs).Median());
        var ratio = pairs.Select(pair => pair.Ours / pair.Theirs).Median();
        var processor = pairs.Select(pair => pair.Processor).OfType<(double Ours, double Theirs)>().ToList();
        var remark = processor.Count == 0
            ? pairs[^1].Remark
            : string.Create(CultureInfo.InvariantCulture, $"   processor {processor.Select(pair => pair.Ours / pair.Theirs).Median():F2}");
        return TableLine.Print(line.Name, Text(line, ours), line.Peer, Text(line, theirs), ratio, line.Figure == Figure.Memory ? 1 : line.Target, remark);
    }

    private static string Text(ClusterLine line, double value) => line.Figure switch
    {
        Figure.Wall when line.Step == ClusterStep.Latency => string.Create(CultureInfo.InvariantCulture, $"{value * 1000:F2} ms"),
        Figure.Wall => string.Create(CultureInfo.InvariantCulture, $"{value:F2} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{value / 1e6:F0} MB"),
    };

    private sealed record Pair(double Ours, double Theirs, string Remark, (double Ours, double Theirs)? Processor);
}

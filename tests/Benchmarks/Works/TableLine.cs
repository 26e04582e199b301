using System.Globalization;

namespace StellaOps.Backup.Benchmarks.Works;

/// <summary>How a line of any table is printed.</summary>
internal static class TableLine
{
    /// <param name="name">Name of the work.</param>
    /// <param name="ours">Our figure with its unit.</param>
    /// <param name="peer">With whom it is compared.</param>
    /// <param name="theirs">Their figure.</param>
    /// <param name="ratio">Ours to theirs.</param>
    /// <param name="target">Most that the ratio may be.</param>
    /// <param name="remark">What else there is to say.</param>
    /// <returns>True when the target is reached.</returns>
    public static bool Print(string name, string ours, string peer, string theirs, double ratio, double target, string remark)
    {
        var ok = ratio <= target;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{name,-26} {ours,12}   {peer,-13} {theirs,12}   ratio {ratio,5:F2}   target {target,4:F2}   {(ok ? "ok" : "short"),-5}{remark}"));
        return ok;
    }
}

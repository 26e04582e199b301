using System.Globalization;
using StellaOps.Backup.Wal.Coverage;

namespace StellaOps.Backup.Wal.Recovery;

/// <summary>A target that cannot be reached, and what can.</summary>
public sealed class UnreachableException(string message, IReadOnlyList<ReachableWindow> windows) : Exception(message)
{
    private const int Shown = 6;

    /// <summary>What can be reached, oldest first.</summary>
    public IReadOnlyList<ReachableWindow> Windows { get; } = windows;

    /// <summary>The windows as sentences, a line each where there are several; the newest ones where there are many.</summary>
    public string Choices => Windows.Count switch
    {
        0 => "Nothing can be reached by replay now: take a base backup, and archive WAL from then on.",
        1 => $"Reachable: {Sentence(Windows[0])}",
        _ => string.Join("\n  ", Lines()),
    };

    private IEnumerable<string> Lines() =>
    [
        Windows.DistinctBy(window => window.Timeline).Count() > 1 ? "Reachable with --timeline N:" : "Reachable:",
        .. Windows.TakeLast(Shown).Select(Sentence),
        .. Windows.Count > Shown ? (string[])[$"and {Windows.Count - Shown} older ones: stella backup wal-list"] : [],
    ];

    private static string Sentence(ReachableWindow window) => string.Create(
        CultureInfo.InvariantCulture,
        $"timeline {window.Timeline} from {Text(window.FromTime)} (LSN {window.From}) to {(window.ToTime is { } to ? Text(to) : "its last commit")} (LSN {window.To})");

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}

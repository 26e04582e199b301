using System.Globalization;
using System.Text.RegularExpressions;

namespace StellaOps.Backup.Postgres.Pages;

/// <summary>
/// Name of a file of a relation: <c>filenode[_fork][.segment]</c> (PostgreSQL manual, "Database File Layout").
/// </summary>
/// <param name="FileNode">Number that names the relation on disk.</param>
/// <param name="Fork">Empty for the main fork, else <c>fsm</c>, <c>vm</c> or <c>init</c>.</param>
/// <param name="Segment">Which gibibyte of the fork.</param>
public readonly partial record struct RelationFile(uint FileNode, string Fork, uint Segment)
{
    /// <summary>Number of the first block of the file within its fork.</summary>
    public uint FirstBlock => Segment * PageChecksums.PagesPerSegment;

    /// <summary>Reads a path relative to the data directory; null for what is no relation file.</summary>
    public static RelationFile? TryParse(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var match = Pattern().Match(path);
        if (!match.Success
            || !uint.TryParse(match.Groups["node"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var node))
        {
            return null;
        }

        var segment = match.Groups["segment"];
        return new RelationFile(
            node, match.Groups["fork"].Value, segment.Success ? uint.Parse(segment.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) : 0);
    }

    [GeneratedRegex(@"^(?:global|base/[0-9]+|pg_tblspc/[0-9]+/PG_[^/]+/[0-9]+)/(?<node>[0-9]{1,10})(?:_(?<fork>fsm|vm|init))?(?:\.(?<segment>[0-9]{1,5}))?$", RegexOptions.ExplicitCapture)]
    private static partial Regex Pattern();
}

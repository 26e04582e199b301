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
    // Numbers that the catalogs of every cluster give (PostgreSQL source, src/include/catalog/pg_tablespace.dat).
    private const uint DefaultTablespace = 1663, GlobalTablespace = 1664;

    /// <summary>Number of the first block of the file within its fork.</summary>
    public uint FirstBlock => Segment * PageChecksums.PagesPerSegment;

    /// <summary>Number of the tablespace in which it lies.</summary>
    public uint Tablespace { get; private init; }

    /// <summary>Number of its database; 0 for what all databases share.</summary>
    public uint Database { get; private init; }

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

        return new RelationFile(node, match.Groups["fork"].Value, Number(match.Groups["segment"]))
        {
            Tablespace = match.Groups["tablespace"].Success ? Number(match.Groups["tablespace"]) : match.Groups["database"].Success ? DefaultTablespace : GlobalTablespace,
            Database = Number(match.Groups["database"]),
        };
    }

    private static uint Number(Group group) => group.Success ? uint.Parse(group.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"^(?:global|base/(?<database>[0-9]{1,10})|pg_tblspc/(?<tablespace>[0-9]{1,10})/PG_[^/]+/(?<database>[0-9]{1,10}))/(?<node>[0-9]{1,10})(?:_(?<fork>fsm|vm|init))?(?:\.(?<segment>[0-9]{1,5}))?$", RegexOptions.ExplicitCapture)]
    private static partial Regex Pattern();
}

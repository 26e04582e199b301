using System.Collections;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Pages;

namespace StellaOps.Backup.Postgres.Summaries;

/// <summary>
/// Which blocks of main forks some WAL changed, in groups of blocks. What it says nothing about is unchanged, with the limits of the summaries: hint
/// bits are not in WAL unless pages have checksums, the free-space map never is, and bits of the visibility map are cleared without naming its block (a defect of
/// versions 17 and 18, pgsql-hackers, March 2026). So forks other than the main one always count as changed.
/// </summary>
/// <remarks>Memory: one bit a group up to the last changed one of each relation.</remarks>
public sealed class ChangedBlocks
{
    private readonly int _groupBlocks;
    private readonly Dictionary<(uint Tablespace, uint Database, uint Node), Changes> _relations = [];

    internal ChangedBlocks(int groupBlocks) => _groupBlocks = groupBlocks;

    /// <summary>Reads summaries.</summary>
    /// <param name="cluster">Where to connect.</param>
    /// <param name="summaries">Which ones.</param>
    /// <param name="groupBlocks">Blocks of a group.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ClusterException">A summary is gone, or the server does not answer.</exception>
    public static async Task<ChangedBlocks> ReadAsync(
        ClusterConnection cluster, IReadOnlyList<WalSummary> summaries, int groupBlocks, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(summaries);
        var changed = new ChangedBlocks(groupBlocks);
        foreach (var summary in summaries)
        {
            await cluster.QueryAsync(
                """
                SELECT DISTINCT reltablespace, reldatabase, relfilenode, is_limit_block,
                    CASE WHEN is_limit_block THEN relblocknumber ELSE relblocknumber / $4 END
                FROM pg_catalog.pg_wal_summary_contents($1, $2::text::pg_lsn, $3::text::pg_lsn) WHERE relforknumber = 0
                """,
                row => changed.Add((row.GetFieldValue<uint>(0), row.GetFieldValue<uint>(1), row.GetFieldValue<uint>(2)), row.GetBoolean(3), row.GetInt64(4)),
                cancellationToken,
                summary.Timeline,
                summary.Start.ToString(),
                summary.End.ToString(),
                (long)groupBlocks).ConfigureAwait(false);
        }

        return changed;
    }

    /// <summary>True when a block of a range of a relation's file may have changed.</summary>
    /// <param name="file">The file.</param>
    /// <param name="first">First block, from the beginning of the file.</param>
    /// <param name="count">Number of blocks.</param>
    public bool MayDiffer(RelationFile file, long first, long count)
    {
        // A database that was copied as a whole, or dropped, is named by number 0 instead of its relations.
        if (file.Fork.Length > 0 || _relations.ContainsKey((file.Tablespace, file.Database, 0)))
        {
            return true;
        }

        if (!_relations.TryGetValue((file.Tablespace, file.Database, file.FileNode), out var changes))
        {
            return false;
        }

        // Created, dropped or truncated: nothing is known of the blocks from there on.
        var block = file.FirstBlock + first;
        return block + count > changes.Limit || changes.Groups.AnyBetween(block / _groupBlocks, (block + count - 1) / _groupBlocks);
    }

    internal bool Add((uint Tablespace, uint Database, uint Node) relation, bool isLimit, long number)
    {
        var changes = _relations.TryGetValue(relation, out var known) ? known : _relations[relation] = new Changes();
        if (isLimit)
        {
            changes.Limit = Math.Min(changes.Limit, number);
        }
        else
        {
            changes.Groups.Set(number);
        }

        return true;
    }

    private sealed class Changes
    {
        public Groups Groups { get; } = new();

        public long Limit { get; set; } = long.MaxValue;
    }

    private sealed class Groups
    {
        private readonly BitArray _bits = new(0);

        public void Set(long number)
        {
            var index = checked((int)number);
            if (index >= _bits.Length)
            {
                _bits.Length = Math.Max(index + 1, Math.Min(_bits.Length * 2, Array.MaxLength));
            }

            _bits[index] = true;
        }

        public bool AnyBetween(long first, long last)
        {
            for (var number = first; number <= last && number < _bits.Length; number++)
            {
                if (_bits[(int)number])
                {
                    return true;
                }
            }

            return false;
        }
    }
}

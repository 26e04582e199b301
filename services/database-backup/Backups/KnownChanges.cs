using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Backups;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Files;
using StellaOps.Backup.Postgres.Pages;
using StellaOps.Backup.Postgres.Summaries;
using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.DatabaseBackup.Backups;

/// <summary>
/// How much of the cluster has to be read: everything, changed files, or of these only blocks that WAL changed since the start of the parent. What was
/// written while the parent was taken is within that WAL, too, so a page that the parent read half-written is read again.
/// </summary>
internal sealed class KnownChanges
{
    // As long as the server's own incremental backup waits for summaries that make no progress.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ChangedBlocks? _blocks;

    private KnownChanges(ReadRule rule, string? reason, ChangedBlocks? blocks) => (Rule, Reason, _blocks) = (rule, reason, blocks);

    public ReadRule Rule { get; }

    /// <summary>Why not less is read; null with <see cref="ReadRule.ChangedBlocks"/>.</summary>
    public string? Reason { get; }

    /// <summary>Asks the server what changed since the parent.</summary>
    /// <param name="cluster">Where to connect.</param>
    /// <param name="session">The backup that has begun.</param>
    /// <param name="parent">The backup before it.</param>
    /// <param name="cuts">How long the cuts of relations are.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<KnownChanges> FindAsync(
        ClusterConnection cluster, BaseBackupSession session, BackupParent parent, Cuts cuts, CancellationToken cancellationToken)
    {
        if (parent.Cut is not { } since)
        {
            return new KnownChanges(ReadRule.All, parent.WhyNone, null);
        }

        if (session.Server.MajorVersion < WalSummaries.FirstMajor)
        {
            return new KnownChanges(ReadRule.ChangedFiles, $"PostgreSQL {session.Server.MajorVersion} does not summarize WAL; {WalSummaries.FirstMajor} does", null);
        }

        try
        {
            var (summaries, whyNot) = await new WalSummaries(cluster).FindAsync(since.Timeline, Lsn.Parse(since.StartLsn), session.Start, Patience, cancellationToken);
            return whyNot is null
                ? new KnownChanges(ReadRule.ChangedBlocks, null, await ChangedBlocks.ReadAsync(cluster, summaries, cuts.IndexBytes / PageChecksums.PageSize, cancellationToken))
                : new KnownChanges(ReadRule.ChangedFiles, whyNot, null);
        }
        catch (ClusterException failure) when (failure.Failure is ClusterFailure.PermissionDenied or ClusterFailure.QueryFailed)
        {
            // A summary was removed between listing and reading, or somebody revoked what everybody may do.
            return new KnownChanges(ReadRule.ChangedFiles, $"summaries of WAL cannot be read: {failure.Message}", null);
        }
    }

    /// <summary>What is known of a file; null for nothing.</summary>
    public IChangedParts? Of(ClusterFile file) =>
        _blocks is not null && RelationFile.TryParse(file.Path) is { Fork: "" } relation ? new RelationChanges(_blocks, relation) : null;

    private sealed class RelationChanges(ChangedBlocks blocks, RelationFile relation) : IChangedParts
    {
        public bool MayDiffer(long offset, long length) =>
            blocks.MayDiffer(relation, offset / PageChecksums.PageSize, (length + PageChecksums.PageSize - 1) / PageChecksums.PageSize);
    }
}

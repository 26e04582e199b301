using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.DatabaseBackup.Restores;
using StellaOps.Backup.Postgres.Control;
using StellaOps.Backup.Postgres.Files;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Snapshots;

namespace StellaOps.Backup.DatabaseBackup.Backups;

/// <summary>
/// The earlier snapshot whose unchanged files are not read again, or none. A file is unchanged when its size, mtime and ctime are
/// the same and its ctime is older than the earlier listing by more than a step of the clock: the kernel stamps every write, so
/// a write after that listing shows as a later ctime, which neither a restore nor a copy can set.
/// </summary>
internal sealed class BackupParent
{
    // Times over SQL are whole seconds. One more for the kernel's own clock, which lags by a few milliseconds.
    private static readonly TimeSpan SameSecond = TimeSpan.FromSeconds(2);

    // Newest first; other clusters and foreign snapshots in the same repository are passed over.
    private const int Examined = 20;

    private readonly BaseBackupFacts? _facts;
    private readonly HashSet<string> _damaged;

    private BackupParent(Snapshot? snapshot, BaseBackupFacts? facts, string? whyNone)
    {
        (Snapshot, _facts, WhyNone) = (snapshot, facts, whyNone);
        _damaged = [.. facts?.Read?.DamagedFiles ?? []];
    }

    public Snapshot? Snapshot { get; }

    /// <summary>Where it stands; null when there is none.</summary>
    public DatabaseCut? Cut => _facts?.Cut;

    /// <summary>Why there is none.</summary>
    public string? WhyNone { get; }

    /// <summary>Files that changed at this time or later are read again (the same-second rule).</summary>
    public DateTimeOffset? TrustedBefore => _facts?.Read?.ListedAt - SameSecond;

    /// <summary><see cref="ReadFacts.CutBytes"/>.</summary>
    public int? CutBytes => _facts?.Read is { } read ? read.CutBytes ?? ReadFacts.UsualCutBytes : null;

    /// <summary><see cref="ReadFacts.AllReadAt"/> of a backup with this parent; null when it reads everything itself.</summary>
    public DateTimeOffset? AllReadAt => _facts?.Read?.AllReadAt;

    /// <summary>False for what is always read: damage has to be reported again, and <c>pg_control</c> is of the backup's end.</summary>
    public bool Trusts(ClusterFile file) => file.Path != ControlData.Path && !_damaged.Contains(file.Path);

    /// <summary>Looks for the newest snapshot of the same cluster; <paramref name="onDamaged"/> hears of those that are damaged and passed over.</summary>
    public static async Task<BackupParent> FindAsync(
        ResticRepository repository, BackupPosition position, ParentHistory history, int fullReadDays, Action<RepositoryException> onDamaged, CancellationToken cancellationToken)
    {
        var snapshots = new List<Snapshot>();
        await foreach (var snapshot in repository.ListReadableSnapshotsAsync(onDamaged, cancellationToken))
        {
            if (!snapshot.IsRewritten)
            {
                snapshots.Add(snapshot);
            }
        }

        foreach (var snapshot in snapshots.OrderByDescending(snapshot => snapshot.Time).Take(Examined))
        {
            if (await LoadAsync(repository, snapshot, cancellationToken) is { Facts: var facts } earlier && facts.Cut.SystemIdentifier == position.SystemIdentifier)
            {
                var reason = position.WhyNot(facts, fullReadDays) ?? position.WhyApart(facts, await history.HasWalOfAsync(earlier, cancellationToken));
                return reason is not null ? new BackupParent(null, null, reason) : new BackupParent(snapshot, facts, null);
            }
        }

        return new BackupParent(null, null, "there is no earlier backup of this cluster");
    }

    // What cannot be read cannot be built upon either; a check reports it.
    private static async Task<DatabaseSnapshot?> LoadAsync(ResticRepository repository, Snapshot snapshot, CancellationToken cancellationToken)
    {
        try
        {
            return await DatabaseSnapshot.LoadAsync(repository, snapshot.Id.ToString(), cancellationToken);
        }
        catch (Exception unusable) when (unusable is BackupException or RepositoryException or System.Text.Json.JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}

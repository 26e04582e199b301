using System.Globalization;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.DatabaseBackup.Wal;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Coverage;
using StellaOps.Backup.Wal.Recovery;

namespace StellaOps.Backup.DatabaseBackup.Recoveries;

/// <summary>The WAL archive of one cluster as a recovery uses it: what it lists, what opens its objects, and the base backups to begin with.</summary>
internal sealed class RecoveryArchive
{
    private const long UsualSegment = 16 << 20;
    private readonly WalInventory _inventory;
    private readonly IReadOnlyList<BaseCut> _bases;

    private RecoveryArchive(WalInventory inventory, WalReader reader, IReadOnlyList<BaseCut> bases)
    {
        _inventory = inventory;
        _bases = bases;
        Reader = reader;
    }

    public WalReader Reader { get; }

    public long SegmentSize => _inventory.Files?.SegmentSize ?? UsualSegment;

    private RecoveryPlanner Planner => new(_inventory, Reader, _bases, SegmentSize);

    /// <summary>Lists the archive of the cluster that the newest of the base backups is of.</summary>
    public static Task<RecoveryArchive> OpenAsync(IObjectStore location, DatabaseSettings settings, IReadOnlyList<RecoveryBase> bases, CancellationToken cancellationToken)
    {
        var newest = bases.MaxBy(one => one.FinishedAt)
            ?? throw new BackupException(ErrorCodes.TargetNotReachable, "there is no recovery point with a whole database yet", "Take one: stella backup create --type database");
        var cuts = bases.Where(one => one.SystemIdentifier == newest.SystemIdentifier)
            .Select(one => new BaseCut(one.PointName, (uint)one.Timeline, Lsn.Parse(one.StartLsn), Lsn.Parse(one.StopLsn), one.FinishedAt)).ToList();
        return OpenAsync(location, settings, newest.SystemIdentifier, cuts, cancellationToken);
    }

    /// <summary>The same for one base backup.</summary>
    public static Task<RecoveryArchive> OpenAsync(IObjectStore location, DatabaseSettings settings, string name, DatabaseCut cut, DateTimeOffset finishedAt, CancellationToken cancellationToken) =>
        OpenAsync(
            location, settings, cut.SystemIdentifier, [new BaseCut(name, (uint)cut.Timeline, Lsn.Parse(cut.StartLsn), Lsn.Parse(cut.StopLsn), finishedAt)], cancellationToken);

    /// <summary>How to get to a target.</summary>
    /// <exception cref="BackupException"><see cref="ErrorCodes.TargetNotReachable"/>, with the windows that are.</exception>
    public Task<RecoveryPlan> PlanAsync(PointInTime target, CancellationToken cancellationToken) =>
        RefusingAsync(() => Planner.PlanAsync(TargetParsing.Parse(target), (uint?)target.Timeline, cancellationToken));

    /// <summary>How to get to the end of the WAL from the newest of the base backups.</summary>
    /// <exception cref="BackupException"><see cref="ErrorCodes.TargetNotReachable"/>: there is no WAL behind it.</exception>
    public Task<RecoveryPlan> PlanNewestAsync(CancellationToken cancellationToken) => RefusingAsync(() => Planner.PlanNewestAsync(cancellationToken));

    /// <summary>The same archive without one of its base backups.</summary>
    public RecoveryArchive Without(BaseCut cut) => new(_inventory, Reader, [.. _bases.Where(one => one != cut)]);

    /// <summary>Whether a base backup is of the history that is archived.</summary>
    public BaseHistory HistoryOf(ResticRepository repository) => new(repository, _inventory, Reader);

    /// <summary>Reads and authenticates the WAL of a plan.</summary>
    /// <exception cref="BackupException"><see cref="ErrorCodes.TargetNotReachable"/>: its replay would do what it must not.</exception>
    public Task<bool> CheckAsync(RecoveryPlan plan, Action<long> onRead, CancellationToken cancellationToken) => RefusingAsync(async () =>
    {
        await PlannedWal.CheckAsync(plan, _inventory, Reader, onRead, cancellationToken);
        return true;
    });

    private static async Task<RecoveryArchive> OpenAsync(
        IObjectStore location, DatabaseSettings settings, string systemIdentifier, IReadOnlyList<BaseCut> bases, CancellationToken cancellationToken)
    {
        var system = ulong.Parse(systemIdentifier, CultureInfo.InvariantCulture);
        var decryption = WalIdentities.Load(settings.Wal);
        return new RecoveryArchive(await WalInventory.ReadAsync(location, system, null, cancellationToken), new WalReader(location, system, decryption), bases);
    }

    private static async Task<T> RefusingAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (UnreachableException refused)
        {
            throw new BackupException(ErrorCodes.TargetNotReachable, refused.Message, refused.Choices, refused);
        }
    }
}

using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.EvidenceBackup.Lockers;
using StellaOps.Backup.EvidenceBackup.Settings;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Trees;
using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Repositories;

namespace StellaOps.Backup.EvidenceBackup.Backups;

/// <summary>Takes the locker into the repository; files that the last snapshot has are not read again.</summary>
internal sealed class LockerBackup(EvidenceSettings settings, ComponentBackup backup, TimeProvider clock)
{
    public async Task<TaskResult> RunAsync(TaskContext context, CancellationToken cancellationToken)
    {
        var locker = Path.TrimEndingDirectorySeparator(settings.Directory);
        if (!Directory.Exists(locker))
        {
            throw new BackupException(ErrorCodes.SourceUnreachable, $"the evidence locker {locker} does not exist on this host",
                "Mount it, or correct Evidence:Directory.");
        }

        var takenAt = clock.GetUtcNow();
        var saved = await backup.RunAsync(context, Component.Evidence, new LocalFileSource([locker]), [locker], cancellationToken);
        await using (saved)
        {
            var lost = await new LockerLosses(saved.Opened.Repository).FindAsync(saved.Archive.Snapshot, locker, cancellationToken);
            var top = await new TreeReader(saved.Opened.Repository.Blobs).FindAsync(saved.Archive.RootTree, locker, cancellationToken);
            var cut = new EvidenceCut
            {
                Files = saved.Archive.Files,
                Bytes = saved.Archive.Bytes,
                TakenAt = takenAt,
                RootTree = top?.Subtree?.ToString() ?? "",
            };
            var links = LockerLinks.Leaving(locker).Select(LinkItem).ToList();
            return Lacking(saved.Result with { Snapshot = saved.Result.Snapshot! with { Evidence = cut } }, [.. links.Concat(lost).DistinctBy(item => item.Path)]);
        }
    }

    private static MissingItem LinkItem((string Link, string Target) link) => new()
    {
        Path = link.Link,
        Reason = $"leads out of the locker, to {link.Target}: what lies there is not saved, and no check takes it for evidence. Put a directory in the place of the link, and mount (also 'mount --bind') in it what the link leads to",
    };

    private static TaskResult Lacking(TaskResult result, IReadOnlyList<MissingItem> lost)
    {
        var (outcome, count) = (lost.Count == 0 ? result.Outcome : Outcome.Incomplete, result.MissingCount + lost.Count);
        return result with
        {
            Outcome = outcome,
            Missing = [.. lost.Concat(result.Missing).Take(TaskResult.MaxMissing)],
            MissingCount = count,
            Snapshot = result.Snapshot! with { Outcome = outcome, MissingCount = count },
        };
    }
}

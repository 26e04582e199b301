using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository.Archive;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.SecretsBackup.Encryption;
using StellaOps.Backup.SecretsBackup.Recipients;
using StellaOps.Backup.SecretsBackup.Settings;
using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Repositories;

namespace StellaOps.Backup.SecretsBackup.Archiving;

/// <summary>Takes a snapshot of secrets or keys: every file is an age file before the engine sees it.</summary>
internal sealed class SecretsArchive(
    Component component, SecretsSettings settings, ComponentRepositories repositories, LocationElsewhere elsewhere, TimeProvider clock)
{
    public async Task<TaskResult> RunAsync(TaskContext context, CancellationToken cancellationToken)
    {
        // First of all, so that without recipients nothing is read and nothing is created.
        var recipients = await RecipientList.LoadAsync(component, settings, cancellationToken);
        elsewhere.Require(settings.SourcePaths);
        var startedAt = clock.GetUtcNow();
        await using var opened = await repositories.OpenOrCreateAsync(component, context.ExpectsLocation, cancellationToken);
        var repository = opened.Repository;

        // A parent for other recipients must not lend its files: they are encrypted to the wrong people.
        var parent = await SnapshotQueries.FindParentAsync(
            repository, hostname: null, settings.SourcePaths, [recipients.Tag], context.PassOver, cancellationToken);
        if (parent is null)
        {
            context.Log.Info($"every file is encrypted anew: there is no earlier snapshot for these {recipients.Names.Count} recipients");
        }

        // Only now: what an earlier attempt encrypted and saved is the parent of this one.
        await EarlierAttempts.ForgetAsync(repository, context, cancellationToken);
        context.Progress.Begin("read");
        var progress = new ProgressDifference(context.Progress);
        var source = new EncryptingFileSource(new LocalFileSource(settings.SourcePaths), recipients);
        var result = await new Archiver(repository, clock).RunAsync(
            source,
            new ArchiveRequest
            {
                Paths = settings.SourcePaths,
                Hostname = Environment.MachineName,
                Tags = [.. context.SnapshotTags, recipients.Tag],
                Parent = parent,
                OnProgress = progress.Report,
            },
            cancellationToken);
        return Describe(context, repository.Id, startedAt, recipients, source.PlainBytes, result);
    }

    private TaskResult Describe(
        TaskContext context, string repositoryId, DateTimeOffset startedAt, RecipientList recipients, long bytes, ArchiveResult result)
    {
        // The list of recipients is a file of the snapshot and not one of the source.
        var files = result.Files - 1;
        context.Log.Info(
            $"{files} files for {recipients.Names.Count} recipients: {result.FilesUnmodified} unchanged, {files - result.FilesUnmodified} encrypted");
        foreach (var problem in result.Problems.Take(TaskResult.MaxMissing))
        {
            context.Log.Warning($"not saved: {problem.Path}: {problem.Reason}");
        }

        var outcome = result.Problems.Count == 0 ? Outcome.Complete : Outcome.Incomplete;
        return new TaskResult
        {
            Outcome = outcome,
            Missing = [.. result.Problems.Take(TaskResult.MaxMissing).Select(problem => new MissingItem { Path = problem.Path, Reason = problem.Reason })],
            MissingCount = result.Problems.Count,
            Snapshot = new ComponentSnapshot
            {
                Component = component,
                Outcome = outcome,
                RepositoryId = repositoryId,
                SnapshotId = result.Snapshot.Id.ToString(),
                StartedAt = startedAt,
                FinishedAt = clock.GetUtcNow(),
                Files = files,
                Bytes = bytes,
                BytesAdded = result.BytesAdded,
                Recipients = recipients.Names,
                MissingCount = result.Problems.Count,
            },
        };
    }
}

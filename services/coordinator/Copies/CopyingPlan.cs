using System.Security.Cryptography;
using System.Text;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Portable.Format;
using StellaOps.Backup.Portable.Manifests;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Coordinator.Copies;

/// <summary>
/// What copy and archive have in common: workers list what a point needs of their repositories, then the coordinator signs a manifest of these lists, and one
/// worker writes all of it into an archive. What the stages hand to one another goes in the end, whatever happened; what was archived is recorded.
/// </summary>
internal abstract class CopyingPlan(PointCatalog points, PointSigner signer, IObjectStore location) : OperationPlan
{
    public override async Task<RunTask> PrepareAsync(TaskRow task, IReadOnlyList<TaskRow> tasks, CancellationToken cancellationToken)
    {
        if (task.Command.Archive is not { } spec)
        {
            return task.Command;
        }

        var listed = tasks.Where(other => other.Command.Export?.PointId == spec.PointId).OrderBy(other => other.Component).ToList();
        var point = await points.FindAsync(spec.PointId.ToString(), cancellationToken);
        return task.Command with
        {
            Archive = spec with
            {
                Manifest = Encoding.UTF8.GetString(ArchiveManifestCodec.Sign(Describe(point, spec, listed), signer)),
                Parts = [.. listed.Select(other => new ArchivePart { Component = other.Component, Folder = other.Result!.Copy!.Folder! })],
            },
        };
    }

    public override bool NeedsSealing(Operation operation, IReadOnlyList<TaskRow> tasks) => tasks.Any(task => task.Attempt > 0);

    public override async Task<ErrorInfo?> SealAsync(Operation operation, IReadOnlyList<TaskRow> tasks, CancellationToken cancellationToken)
    {
        var own = ArchiveExchange.Of(operation.CorrelationId);
        try
        {
            var left = await location.ListAsync(ArchiveExchange.Folder, cancellationToken).Select(found => found.Key)
                .Where(key => key.StartsWith(own, StringComparison.Ordinal)).ToListAsync(cancellationToken);
            await location.DeleteManyAsync(left, cancellationToken);
        }
        catch (StorageException exception)
        {
            throw exception.ToBackupException("what the copy left in the location could not be removed");
        }

        return await RecordAsync(operation, [.. tasks.Where(task => task is { State: TaskState.Finished, Command.Archive: not null })], cancellationToken);
    }

    /// <summary>Records the archives that were written and read back. May run again after a crash at any point.</summary>
    /// <returns>What was found wrong; null when nothing was.</returns>
    protected abstract Task<ErrorInfo?> RecordAsync(Operation operation, IReadOnlyList<TaskRow> archived, CancellationToken cancellationToken);

    private ArchiveManifest Describe(PointRow point, ArchiveSpec spec, IReadOnlyList<TaskRow> listed) => new()
    {
        Version = ArchiveManifest.CurrentVersion,
        PointId = point.Id,
        PointName = point.Name,
        Full = point.Full,
        PointStartedAt = point.StartedAt,
        PublicKey = signer.PublicKeyPem,
        Members = [.. spec.Files.Select(Small), .. listed.Select(List)],
        Lists = [.. listed.Select(task => ArchiveExchange.ListPath(task.Component))],
    };

    private static ArchiveMember Small(ArchiveFile file)
    {
        var content = Encoding.UTF8.GetBytes(file.Content);
        return Member(file.Path, content.Length, Convert.ToHexStringLower(SHA256.HashData(content)));
    }

    private static ArchiveMember List(TaskRow task) => Member(ArchiveExchange.ListPath(task.Component), task.Result!.Copy!.ListLength, task.Result.Copy.ListSha256!);

    private static ArchiveMember Member(string path, long length, string digest) => new() { Path = path, Length = length, Sha256 = digest };
}

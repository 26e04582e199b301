using System.Security.Cryptography;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Portable.Format;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Exporting;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Workers.Repositories;

namespace StellaOps.Backup.Workers.Archives;

/// <summary>
/// First stage of a copy: lists the files of a component's repository that make a repository with the wanted snapshots, and leaves the list and a new
/// index in the location. The only stage that needs the password.
/// </summary>
internal sealed class ComponentExport(ComponentRepositories repositories, TimeProvider clock)
{
    public async Task<TaskResult> RunAsync(TaskContext context, Component component, ExportSpec spec, CancellationToken cancellationToken)
    {
        var startedAt = clock.GetTimestamp();
        context.Progress.Begin("list");
        var opened = await repositories.OpenAsync(component, cancellationToken).ConfigureAwait(false);
        await using (opened.ConfigureAwait(false))
        {
            var snapshots = new List<BlobId>();
            foreach (var id in spec.SnapshotIds)
            {
                snapshots.Add((await opened.LoadSnapshotAsync(id, cancellationToken).ConfigureAwait(false)).Id);
            }

            // What an earlier attempt left is not in the list of this one, and goes with the operation.
            var indexes = ArchiveExchange.Indexes(context.OperationId, component);
            var files = await new RepositoryExport(opened.Repository).RunAsync(snapshots, opened.Location, indexes, cancellationToken).ConfigureAwait(false);
            var list = MemberList.Encode(files.Select(file => new ArchiveMember { Path = $"{component.Name()}/{file.Key}", Length = file.Length, Sha256 = file.Sha256 }));

            // Durable from here on: what the second stage needs. A crash before leaves objects that the end of the operation removes.
            await opened.Location.PutAsync(ArchiveExchange.List(context.OperationId, component), list, PutMode.Replace, cancellationToken).ConfigureAwait(false);
            var result = new CopyResult
            {
                Files = files.Count,
                Bytes = files.Sum(file => file.Length),
                Folder = opened.Folder,
                ListLength = list.Length,
                ListSha256 = Convert.ToHexStringLower(SHA256.HashData(list)),
                Phases = [new PhaseTime("list", clock.GetElapsedTime(startedAt))],
            };
            context.Log.Info($"{component.Name()}: {result.Files} files with {result.Bytes} bytes make its repository in the archive");
            return new TaskResult { Outcome = Outcome.Complete, Copy = result };
        }
    }
}

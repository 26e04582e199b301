using StellaOps.Backup.Cli.Repositories;
using StellaOps.Backup.Repository.Queries;

namespace StellaOps.Backup.Cli.Commands.Repo;

/// <summary><c>stella repo snapshots</c>.</summary>
internal sealed class RepoSnapshotsCommand : RepoCommand
{
    private readonly SnapshotFilterOptions _filter = new();

    public RepoSnapshotsCommand()
        : base("snapshots", "List the snapshots of a repository, newest first")
    {
        AddAll([.. _filter.All]);
        Examples =
        [
            "stella repo snapshots --repo /srv/backups/evidence --password-file /etc/stella/evidence.password",
            "stella repo snapshots --location /srv/backups --type database --tag stella.component=database --format json",
        ];
    }

    protected override async Task<int> RunAsync(RepositoryRun run, CancellationToken cancellationToken)
    {
        var repository = await run.OpenAsync(cancellationToken);
        var found = await new SnapshotSearch(repository).ListAsync(_filter.Read(run.Parsed), cancellationToken);
        await run.Session.PrintListAsync(found.Select(SnapshotView.Of).ToAsyncEnumerable(), SnapshotView.WriteTable, cancellationToken);
        return 0;
    }
}

using StellaOps.Backup.Cli.Repositories;

namespace StellaOps.Backup.Cli.Commands.Repo;

/// <summary><c>stella repo check</c>.</summary>
internal sealed class RepoCheckCommand : RepoCommand
{
    private readonly NoLockOption _noLock = new();

    public RepoCheckCommand()
        : base("check", "Prove that everything that snapshots need is there, without reading data")
    {
        Add(_noLock);
        Examples = ["stella repo check --repo /srv/backups/evidence --password-file /etc/stella/evidence.password"];
    }

    protected override async Task<int> RunAsync(RepositoryRun run, CancellationToken cancellationToken)
    {
        var repository = await run.OpenAsync(cancellationToken);
        await run.LockForReadingAsync(repository, run.Value(_noLock), cancellationToken);
        run.Progress.Begin("check");
        var started = run.Session.Clock.GetTimestamp();
        var report = await repository.CheckAsync(cancellationToken);
        await run.DisposeAsync();
        return CheckPrinting.Print(run.Session, report, run.Session.Clock.GetElapsedTime(started), "checked");
    }
}

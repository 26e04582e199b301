using System.CommandLine;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Repositories;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Queries;

namespace StellaOps.Backup.Cli.Commands.Repo;

/// <summary><c>stella repo verify</c>.</summary>
internal sealed class RepoVerifyCommand : RepoCommand
{
    private readonly Option<string[]> _snapshots = new("--snapshot")
    {
        Description = "Read only what this snapshot needs ('latest', an id, or its first digits); may be repeated", HelpName = "ID",
    };
    private readonly ShareOption _share = new();
    private readonly SpanOption _notReadFor = new("--not-read-for", "Read what was not read within this time, and remember what was read when");
    private readonly NoLockOption _noLock = new();

    public RepoVerifyCommand()
        : base("verify", "Read all data back and prove every byte of it")
    {
        AddAll(_snapshots, _share, _notReadFor, _noLock);
        Examples =
        [
            "stella repo verify --repo /srv/backups/evidence --password-file /etc/stella/evidence.password",
            "stella repo verify --snapshot latest --format json",
            "stella repo verify --share 1/30 --not-read-for 30d",
        ];
    }

    protected override async Task<int> RunAsync(RepositoryRun run, CancellationToken cancellationToken)
    {
        var repository = await run.OpenAsync(cancellationToken);
        await run.LockForReadingAsync(repository, run.Value(_noLock), cancellationToken);
        var snapshots = run.Value(_snapshots) is { Length: > 0 } names
            ? await new SnapshotSearch(repository).FindAllAsync(names, cancellationToken: cancellationToken)
            : null;
        run.Progress.Begin("verify");
        var started = run.Session.Clock.GetTimestamp();
        var report = await repository.VerifyAsync(
            new VerifyRequest
            {
                Snapshots = snapshots is null ? null : [.. snapshots.Select(snapshot => snapshot.Id)],
                Share = run.Value(_share) is null && run.Value(_notReadFor) is null
                    ? null
                    : new VerifyShare { Fraction = run.Value(_share) ?? 0, NotReadFor = run.Value(_notReadFor) },
                OnProgress = now => run.Progress.Set(now.Packs, now.Bytes, now.PacksTotal, now.BytesTotal),
            },
            cancellationToken);
        await run.DisposeAsync();
        return CheckPrinting.Print(run.Session, report, run.Session.Clock.GetElapsedTime(started), "verified");
    }
}

using StellaOps.Backup.Cli.Repositories;

namespace StellaOps.Backup.Cli.Commands.Repo;

/// <summary><c>stella repo init</c>.</summary>
internal sealed class RepoInitCommand : RepoCommand
{
    public RepoInitCommand()
        : base("init", "Create a repository; restic can open it, too") =>
        Examples =
        [
            "stella repo init --repo /srv/backups/evidence --password-file /etc/stella/evidence.password",
            "stella repo init --location /srv/backups --type evidence --password-file /etc/stella/evidence.password",
        ];

    protected override string AfterInterrupt => "Run the command again: it goes on with what is there.";

    protected override async Task<int> RunAsync(RepositoryRun run, CancellationToken cancellationToken)
    {
        var repository = await run.InitAsync(cancellationToken);
        run.Session.Print(
            new InitView(repository.Id, repository.Store.Description),
            output => output.WriteLine($"created repository {repository.Id[..16]} at {repository.Store.Description}"));
        return 0;
    }

    internal sealed record InitView(string Id, string Repository);
}

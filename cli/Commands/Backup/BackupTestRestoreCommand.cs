using System.CommandLine;
using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup;

/// <summary><c>stella backup test-restore</c>.</summary>
internal sealed class BackupTestRestoreCommand : StellaCommand
{
    private readonly Option<string> name = new("--name") { Description = "Name or id of the recovery point", HelpName = "N" };
    private readonly Option<bool> latest = new("--latest") { Description = "The newest recovery point" };
    private readonly Option<string> target = new("--target")
    {
        Description = "Directory on the workers' hosts; what is restored is kept there. Without it, a scratch directory is used and emptied",
        HelpName = "DIR",
    };
    private readonly Option<bool> dryRun = new("--dry-run") { Description = "Say what would be done and whether it could be" };
    private readonly Option<bool> noWait = new("--no-wait") { Description = "Return as soon as the work is accepted, and print the operation's id" };

    public BackupTestRestoreCommand()
        : base("test-restore", "Prove a recovery point: restore it beside the running system, start it, check it")
    {
        Add(name);
        Add(latest);
        Add(target);
        Add(dryRun);
        Add(noWait);
        Validators.Add(result =>
        {
            if (result.GetResult(name) is { Implicit: false } == result.GetValue(latest))
            {
                result.AddError("say what to test: either --name or --latest");
            }
        });
        Examples =
        [
            "stella backup test-restore --latest --dry-run",
            "stella backup test-restore --name pre-upgrade-20260117 --target /srv/restore-test",
        ];
    }

    protected override Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var request = new TestRestoreRequest
        {
            Point = parsed.GetValue(name),
            Latest = parsed.GetValue(latest),
            Target = parsed.GetValue(target),
            DryRun = parsed.GetValue(dryRun),
        };
        return session.StartAsync(HttpMethod.Post, Routes.TestRestores, request, parsed.GetValue(noWait), cancellationToken);
    }
}

using System.CommandLine;
using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup;

/// <summary><c>stella backup test-restore</c>.</summary>
internal sealed class BackupTestRestoreCommand : StellaCommand
{
    private readonly Option<string> _name = new("--name") { Description = "Name or id of the recovery point", HelpName = "N" };
    private readonly Option<bool> _latest = new("--latest") { Description = "The newest recovery point that holds what --type and --cluster name; without them, the newest that has a database" };
    private readonly TypeOption _types = new("Only these components");
    private readonly ClusterOption _cluster = new("Of the database only this cluster; alone, it means --type database");
    private readonly Option<string> _target = new("--target")
    {
        Description = "Directory on the workers' hosts; what is restored is kept there, which takes the right to restore. Without it, a scratch directory is used and emptied",
        HelpName = "DIR",
    };
    private readonly Option<bool> _replay = new("--replay") { Description = "Also replay the archived WAL of the database, to the newest instant that can be reached" };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Say what would be done and whether it could be" };
    private readonly Option<bool> _noWait = new("--no-wait") { Description = "Return as soon as the work is accepted, and print the operation's id" };

    public BackupTestRestoreCommand()
        : base("test-restore", "Prove a recovery point: restore it beside the running system, start it, check it")
    {
        Add(_name);
        Add(_latest);
        Add(_types);
        Add(_cluster);
        Add(_target);
        Add(_replay);
        Add(_dryRun);
        Add(_noWait);
        Validators.Add(result =>
        {
            if (result.GetResult(_name) is { Implicit: false } == result.GetValue(_latest))
            {
                result.AddError("say what to test: either --name or --latest");
            }
        });
        Examples =
        [
            "stella backup test-restore --latest --dry-run",
            "stella backup test-restore --latest --type database --replay",
            "stella backup test-restore --latest --type evidence",
            "stella backup test-restore --name pre-upgrade-20260117 --target /srv/restore-test",
        ];
    }

    protected override Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var request = new TestRestoreRequest
        {
            Point = parsed.GetValue(_name),
            Latest = parsed.GetValue(_latest),
            Types = _types.Named(parsed) is { } names && !names.Contains(Components.Full) ? names : [],
            Cluster = parsed.GetValue(_cluster),
            Target = parsed.GetValue(_target),
            Replay = parsed.GetValue(_replay),
            DryRun = parsed.GetValue(_dryRun),
        };
        return session.StartAsync(HttpMethod.Post, Routes.TestRestores, request, parsed.GetValue(_noWait), cancellationToken);
    }
}

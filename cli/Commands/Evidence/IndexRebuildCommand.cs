using System.CommandLine;
using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Evidence;

/// <summary><c>stella evidence index rebuild</c>.</summary>
internal sealed class IndexRebuildCommand : StellaCommand
{
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Say what would be in it, and change nothing" };
    private readonly Option<string> _reason = new("--reason") { Description = "Why, for the audit log", HelpName = "TEXT" };
    private readonly Option<bool> _noWait = new("--no-wait") { Description = "Return as soon as the work is accepted, and print the operation's id" };

    public IndexRebuildCommand()
        : base("rebuild", "Make the index anew from the artifacts: the same bytes for the same artifacts")
    {
        Add(_dryRun);
        Add(_reason);
        Add(_noWait);
        Examples = ["stella evidence index rebuild", "stella evidence index rebuild --dry-run"];
    }

    protected override Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken) => session.StartAsync(
        HttpMethod.Post, Routes.IndexRebuilds, new RebuildIndexRequest { DryRun = parsed.GetValue(_dryRun), Reason = parsed.GetValue(_reason) }, parsed.GetValue(_noWait), cancellationToken);
}

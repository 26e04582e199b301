using System.CommandLine;
using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Evidence;

/// <summary><c>stella evidence verify</c>.</summary>
internal sealed class EvidenceVerifyCommand : StellaCommand
{
    private readonly Option<string> _mode = new("--mode")
    {
        Description = "quick reads the content of a sample, full that of all", HelpName = "quick|full", DefaultValueFactory = _ => "quick",
    };
    private readonly Option<bool> _noWait = new("--no-wait") { Description = "Return as soon as the work is accepted, and print the operation's id" };

    public EvidenceVerifyCommand()
        : base("verify", "Compare the locker's files with its index and its anchors. Changes nothing")
    {
        _mode.AcceptOnlyFromAmong("quick", "full");
        Add(_mode);
        Add(_noWait);
        Examples = ["stella evidence verify --mode quick", "stella evidence verify --mode full --format json"];
    }

    protected override Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken) =>
        session.StartAsync(HttpMethod.Post, Routes.EvidenceChecks, new EvidenceCheckRequest { Mode = parsed.GetValue(_mode) }, parsed.GetValue(_noWait), cancellationToken);
}

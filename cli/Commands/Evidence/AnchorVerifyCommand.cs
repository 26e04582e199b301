using System.CommandLine;
using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Evidence;

/// <summary><c>stella evidence anchor verify</c>.</summary>
internal sealed class AnchorVerifyCommand : StellaCommand
{
    private readonly Option<bool> _all = new("--all") { Description = "The whole chain, from the first anchor on" };
    private readonly Option<bool> _latest = new("--latest") { Description = "The newest anchor, and that it continues the one before" };
    private readonly Option<bool> _noWait = new("--no-wait") { Description = "Return as soon as the work is accepted, and print the operation's id" };

    public AnchorVerifyCommand()
        : base("verify", "Check the links, signatures and roots of anchors, and read every artifact that they cover")
    {
        Add(_all);
        Add(_latest);
        Add(_noWait);
        Validators.Add(result =>
        {
            if (result.GetValue(_all) == result.GetValue(_latest))
            {
                result.AddError("say which anchors: either --all or --latest");
            }
        });
        Examples = ["stella evidence anchor verify --all", "stella evidence anchor verify --latest"];
    }

    protected override Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken) =>
        session.StartAsync(HttpMethod.Post, Routes.AnchorChecks, new AnchorCheckRequest { Latest = parsed.GetValue(_latest) }, parsed.GetValue(_noWait), cancellationToken);
}

using System.CommandLine;
using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup;

/// <summary><c>stella backup verify</c>.</summary>
internal sealed class BackupVerifyCommand : StellaCommand
{
    private readonly Option<string> _name = new("--name") { Description = "Name or id of the recovery point", HelpName = "N" };
    private readonly Option<bool> _allUnverified = new("--all-unverified") { Description = "Every point that was not verified yet" };
    private readonly ClusterOption _cluster = new("Only the database of this cluster");
    private readonly Option<bool> _noWait = new("--no-wait") { Description = "Return as soon as the work is accepted, and print the operation's id" };

    public BackupVerifyCommand()
        : base("verify", "Read all data of recovery points, and check every byte against its digest")
    {
        Add(_name);
        Add(_allUnverified);
        Add(_cluster);
        Add(_noWait);
        Validators.Add(result =>
        {
            if (result.GetResult(_name) is { Implicit: false } == result.GetValue(_allUnverified))
            {
                result.AddError("say what to verify: either --name or --all-unverified");
            }
        });
        Examples =
        [
            "stella backup verify --name pre-upgrade-20260117",
            "stella backup verify --all-unverified",
        ];
    }

    protected override Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var request = new VerifyRequest { Point = parsed.GetValue(_name), AllUnverified = parsed.GetValue(_allUnverified), Cluster = parsed.GetValue(_cluster) };
        return session.StartAsync(HttpMethod.Post, Routes.Verifications, request, parsed.GetValue(_noWait), cancellationToken);
    }
}

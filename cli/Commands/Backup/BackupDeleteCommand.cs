using System.CommandLine;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup;

/// <summary><c>stella backup delete</c>.</summary>
internal sealed class BackupDeleteCommand : StellaCommand
{
    private readonly Option<string> _name = new("--name") { Description = "Name or id of the recovery point", HelpName = "N", Required = true };
    private readonly Option<bool> _confirm = new("--confirm") { Description = "Do it without asking" };
    private readonly Option<string> _reason = new("--reason") { Description = "Why, for the audit log", HelpName = "TEXT" };
    private readonly Option<bool> _noWait = new("--no-wait") { Description = "Return as soon as the deletion is accepted, and print the operation's id" };

    public BackupDeleteCommand()
        : base("delete", "Delete a recovery point, and the data that no other point needs")
    {
        Add(_name);
        Add(_confirm);
        Add(_reason);
        Add(_noWait);
        Examples = ["stella backup delete --name evidence-snapshot --confirm"];
    }

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var point = parsed.GetRequiredValue(_name);
        await session.RequireAsync(
            parsed.GetValue(_confirm),
            $"this deletes the recovery point '{point}' for good",
            point,
            $"stella backup delete --name {point} --confirm",
            cancellationToken);
        var address = Paging.Address(Paging.Below(Routes.Points, point), ("confirm", "true"), ("reason", parsed.GetValue(_reason)));
        return await session.StartAsync(HttpMethod.Delete, address, body: null, parsed.GetValue(_noWait), cancellationToken);
    }
}

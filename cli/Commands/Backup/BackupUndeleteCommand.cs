using System.CommandLine;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup;

/// <summary><c>stella backup undelete</c>.</summary>
internal sealed class BackupUndeleteCommand : StellaCommand
{
    private readonly Option<string> _name = new("--name") { Description = "Name or id that the recovery point had", HelpName = "N" };
    private readonly Option<bool> _list = new("--list") { Description = "Show what can be brought back, and until when" };
    private readonly Option<string> _reason = new("--reason") { Description = "Why, for the audit log", HelpName = "TEXT" };
    private readonly Option<bool> _noWait = new("--no-wait") { Description = "Return as soon as the work is accepted, and print the operation's id" };

    public BackupUndeleteCommand()
        : base("undelete", "Bring back what was dropped of a recovery point, while its bytes are kept")
    {
        Add(_name);
        Add(_list);
        Add(_reason);
        Add(_noWait);
        Validators.Add(result =>
        {
            if (result.GetResult(_name) is { Implicit: false } == result.GetValue(_list))
            {
                result.AddError("either name a point with --name, or list with --list what can be brought back");
            }
        });
        Examples = ["stella backup undelete --list", "stella backup undelete --name nightly-20260117"];
    }

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(_name) is { } point)
        {
            var request = new UndeleteRequest { Point = point, Reason = parsed.GetValue(_reason) };
            return await session.StartAsync(HttpMethod.Post, Routes.Undeletions, request, parsed.GetValue(_noWait), cancellationToken);
        }

        await session.PrintListAsync(session.Api.ListAsync<ForgottenPointView>(Routes.Undeletions, [], cancellationToken), Write, cancellationToken);
        return 0;
    }

    private static void Write(TextWriter output, IReadOnlyList<ForgottenPointView> points)
    {
        if (points.Count == 0)
        {
            output.WriteLine("nothing can be brought back");
            return;
        }

        var table = new TextTable("NAME", "TAKEN", "COMPONENTS", "DROPPED", "UNTIL", "ID");
        foreach (var point in points)
        {
            table.Add(
                point.Name,
                Units.Time(point.TakenAt),
                string.Join(',', point.Parts.Select(part => part.Component.Title(part.Cluster))),
                Units.Time(point.Parts.Max(part => part.ForgottenAt)),
                Units.Time(point.Until),
                $"{point.Id}");
        }

        table.WriteTo(output);
    }
}

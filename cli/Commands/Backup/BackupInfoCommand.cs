using System.CommandLine;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup;

/// <summary><c>stella backup info</c>.</summary>
internal sealed class BackupInfoCommand : StellaCommand
{
    private readonly Option<string> _name = new("--name") { Description = "Name or id of the recovery point", HelpName = "N", Required = true };

    public BackupInfoCommand()
        : base("info", "Show a recovery point: components, versions, positions, proofs")
    {
        Add(_name);
        Examples = ["stella backup info --name pre-upgrade-20260117"];
    }

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var point = await session.Api.GetAsync<PointView>(Paging.Below(Routes.Points, parsed.GetRequiredValue(_name)), cancellationToken);
        session.Print(point, output => PointReport.WriteOne(output, point));
        return 0;
    }
}

using System.CommandLine;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup.Protection;

/// <summary>What pins and legal holds have in common: a point, a change, and the point's protection from then on.</summary>
internal abstract class ProtectionCommand : StellaCommand
{
    private readonly Option<string> _name = new("--name") { Description = "Name or id of the recovery point", HelpName = "N", Required = true };

    /// <param name="name">Also the last part of the address.</param>
    /// <param name="description">What it does.</param>
    protected ProtectionCommand(string name, string description)
        : base(name, description) => Add(_name);

    protected abstract ProtectionRequest Read(ParseResult parsed);

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var path = $"{Paging.Below(Routes.Points, parsed.GetRequiredValue(_name))}/{Name}";
        var point = await session.Api.PostAsync<PointView>(path, Read(parsed), ApiClient.Brief, cancellationToken);
        session.Print(point, output => ProtectionReport.Write(output, point));
        return 0;
    }
}

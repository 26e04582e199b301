using System.CommandLine;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup;

/// <summary><c>stella backup list</c>.</summary>
internal sealed class BackupListCommand : StellaCommand
{
    private readonly TypeOption _types = new("Only points that hold this component");
    private readonly ClusterOption _cluster = new("Only points that hold this cluster");
    private readonly LastOption _last = new("Only points taken within this span");
    private readonly Option<bool> _unverified = new("--unverified") { Description = "Only points that were never verified" };

    private readonly Option<bool> _protected = new("--protected") { Description = "Only points that are pinned or on legal hold" };

    public BackupListCommand()
        : base("list", "List recovery points, newest first")
    {
        Add(_types);
        Add(_cluster);
        Add(_last);
        Add(_unverified);
        Add(_protected);
        Validators.Add(result =>
        {
            if (result.GetResult(_types)?.Tokens.SelectMany(token => token.Value.Split(',')).Distinct().Count() > 1)
            {
                result.AddError("--type takes one component here");
            }
        });
        Examples =
        [
            "stella backup list --last 7d",
            "stella backup list --type full",
            "stella backup list --unverified --format json",
        ];
    }

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var points = session.Api.ListAsync<PointView>(
            Routes.Points,
            [
                ("type", _types.Named(parsed)?[0]),
                ("cluster", parsed.GetValue(_cluster)),
                ("since", _last.Since(parsed, session.Clock)),
                ("unverified", parsed.GetValue(_unverified) ? "true" : null),
                ("protected", parsed.GetValue(_protected) ? "true" : null),
            ],
            cancellationToken);
        var none = parsed.GetValue(_unverified) ? "none is unverified" : parsed.GetValue(_protected) ? "none is protected" : "no recovery points";
        await session.PrintListAsync(points, (output, found) => PointReport.WriteList(output, found, none), cancellationToken);
        return 0;
    }
}

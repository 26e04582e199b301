using System.CommandLine;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup.Retention;

/// <summary><c>stella backup retention show</c>.</summary>
internal sealed class RetentionShowCommand : StellaCommand
{
    public RetentionShowCommand()
        : base("show", "Show how long recovery points are kept, and when that was applied last") =>
        Examples = ["stella backup retention show"];

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var view = await session.Api.GetAsync<RetentionView>(Routes.Retention, cancellationToken);
        session.Print(view, output => RetentionText.Write(output, view));
        return 0;
    }
}

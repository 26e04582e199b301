using System.CommandLine;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Operation;

/// <summary><c>stella operation list</c>.</summary>
internal sealed class OperationListCommand : StellaCommand
{
    private readonly Option<bool> _running = new("--running") { Description = "Only those that are not finished" };

    public OperationListCommand()
        : base("list", "List operations, newest first")
    {
        Add(_running);
        Examples = ["stella operation list --running"];
    }

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var operations = session.Api.ListAsync<OperationView>(
            Routes.Operations, [("running", parsed.GetValue(_running) ? "true" : null)], cancellationToken);
        await session.PrintListAsync(operations, OperationList.Write, cancellationToken);
        return 0;
    }
}

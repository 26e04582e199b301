using System.CommandLine;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;

namespace StellaOps.Backup.Cli.Commands.Operation;

/// <summary><c>stella operation cancel</c>.</summary>
internal sealed class OperationCancelCommand : StellaCommand
{
    private readonly OperationIdArgument _id = new();

    public OperationCancelCommand()
        : base("cancel", "Ask an operation to stop; its workers stop at the next safe place")
    {
        Add(_id);
        Examples = ["stella operation cancel 0196a1b2-0000-7000-8000-00000000002b"];
    }

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var path = $"{Paging.Below(Routes.Operations, $"{parsed.GetRequiredValue(_id)}")}/cancel";
        var operation = await session.Api.PostAsync<OperationView>(path, body: null, ApiClient.Brief, cancellationToken);
        session.Print(operation, output => output.WriteLine($"{operation.Id} {Spelling.Of(operation.State, operation.Outcome)}"));
        session.Remark(operation.State == OperationState.Finished
            ? $"it has already ended ({Spelling.Of(operation.State, operation.Outcome)}), there is nothing to cancel; see how: stella operation show {operation.Id}"
            : $"cancelling was asked for; see the end of it: stella operation show {operation.Id} --follow");
        return 0;
    }
}

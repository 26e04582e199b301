using System.CommandLine;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;

namespace StellaOps.Backup.Cli.Commands.Operation;

/// <summary><c>stella operation show</c>.</summary>
internal sealed class OperationShowCommand : StellaCommand
{
    private readonly OperationIdArgument _id = new();
    private readonly Option<bool> _follow = new("--follow") { Description = "Watch it to its end, and exit as the command that started it would" };

    public OperationShowCommand()
        : base("show", "Show an operation and its tasks")
    {
        Add(_id);
        Add(_follow);
        Examples = ["stella operation show 0196a1b2-0000-7000-8000-00000000002b --follow"];
    }

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var path = Paging.Below(Routes.Operations, $"{parsed.GetRequiredValue(_id)}");
        var operation = await session.Api.GetAsync<OperationView>(path, cancellationToken);
        if (parsed.GetValue(_follow))
        {
            return operation.State == OperationState.Finished
                ? session.Conclude(operation)
                : await session.FollowAsync(operation, cancellationToken);
        }

        session.Print(operation, output => Write(output, operation));
        return 0;
    }

    private static void Write(TextWriter output, OperationView operation)
    {
        var facts = new Facts();
        facts.Add("operation", $"{operation.Id}");
        facts.Add("kind", Spelling.Of(operation.Kind) + (operation.DryRun ? " (dry run)" : ""));
        facts.Add("point", operation.PointName);
        facts.Add("state", Spelling.Of(operation.State, operation.Outcome));
        facts.Add("accepted", $"{Units.Time(operation.AcceptedAt)}, asked for by {operation.RequestedBy}");
        facts.Add("finished", operation.FinishedAt is { } end ? $"{Units.Time(end)} ({Units.Duration(end - operation.AcceptedAt)})" : null);
        facts.Add("error", operation.Error is { } error ? $"{error.Code}: {error.Message}" : null);
        facts.Add("trace", operation.TraceId);
        facts.WriteTo(output);
        output.WriteLine();
        if (operation.State == OperationState.Finished)
        {
            OperationReport.Write(output, operation);
        }
        else
        {
            WriteTasks(output, operation);
        }
    }

    private static void WriteTasks(TextWriter output, OperationView operation)
    {
        var table = new TextTable("COMPONENT", "STATE", "ATTEMPT", "WORKER", "PROGRESS").Right(2);
        foreach (var task in operation.Tasks)
        {
            table.Add(
                ProgressText.Name(operation, task),
                task.State,
                Units.Count(task.Attempt),
                task.Worker ?? "-",
                task.Progress is { } progress ? ProgressText.Sentence(progress) : "-");
        }

        table.WriteTo(output);
    }
}

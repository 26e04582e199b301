using System.CommandLine;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;

namespace StellaOps.Backup.Cli.Commands.Backup;

/// <summary><c>stella backup restore-logs</c>.</summary>
internal sealed class BackupRestoreLogsCommand : StellaCommand
{
    private readonly Option<bool> _lastAttempt = new("--last-attempt") { Description = "Only the newest restore or recovery that was no dry run, whenever it was" };
    private readonly LastOption _last = new("Only what happened within this span");

    public BackupRestoreLogsCommand()
        : base("restore-logs", "Show what happened in restores and recoveries; the last 24 hours unless told otherwise")
    {
        Add(_lastAttempt);
        Add(_last);
        Validators.Add(result =>
        {
            if (result.GetValue(_lastAttempt) && result.GetResult(_last) is { Implicit: false })
            {
                result.AddError("not both: either --last-attempt or --last");
            }
        });
        Examples =
        [
            "stella backup restore-logs --last-attempt",
            "stella backup restore-logs --last 7d",
        ];
    }

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var kind = Spelling.Of(OperationKind.Restore);
        if (!parsed.GetValue(_lastAttempt))
        {
            var since = _last.Since(parsed, session.Clock) ?? LastOption.Since(TimeSpan.FromDays(1), session.Clock);
            await session.PrintListAsync(session.Api.ListAsync<EventView>(Routes.Events, [("kind", kind), ("since", since)], cancellationToken), EventList.Write, cancellationToken);
            return 0;
        }

        var newest = await NewestAsync(session, kind, cancellationToken);
        if (newest is { } restore)
        {
            session.Remark($"restore{(restore.PointName is { } point ? $" of '{point}'" : "")}{(restore.DryRun ? " (dry run)" : "")}, operation {restore.Id}, {Spelling.Of(restore.State, restore.Outcome)}");
        }

        var lines = newest is null ? AsyncEnumerable.Empty<EventView>() : session.Api.ListAsync<EventView>(Routes.Events, [("operation", $"{newest.Id}")], cancellationToken);
        await session.PrintListAsync(lines, EventList.Write, cancellationToken);
        return 0;
    }

    /// <summary>The newest one that was to change something; a dry run only where there was no other.</summary>
    private static async Task<OperationView?> NewestAsync(Session session, string kind, CancellationToken cancellationToken)
    {
        OperationView? dryRun = null;
        await foreach (var operation in session.Api.ListAsync<OperationView>(Routes.Operations, [("kind", kind)], cancellationToken))
        {
            if (!operation.DryRun)
            {
                return operation;
            }

            dryRun ??= operation;
        }

        return dryRun;
    }
}

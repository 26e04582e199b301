using System.CommandLine;
using System.Globalization;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Cli.Settings;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;

namespace StellaOps.Backup.Cli.Commands.Backup;

/// <summary><c>stella backup logs</c>.</summary>
internal sealed class BackupLogsCommand : StellaCommand
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private readonly LastOption _last = new("Only what happened within this span");
    private readonly Option<Guid?> _operation = new("--operation") { Description = "Only this operation", HelpName = "ID", CustomParser = result => OperationIdArgument.Read(result) };
    private readonly Option<string> _level = new("--level") { Description = "Only lines of this level and worse: info, warning, error", HelpName = "L" };
    private readonly Option<bool> _follow = new("--follow") { Description = "Go on printing what happens, until Ctrl-C or the end of the operation" };

    public BackupLogsCommand()
        : base("logs", "Show what happened, oldest first; the last 24 hours unless told otherwise")
    {
        Add(_last);
        Add(_operation);
        Add(_level);
        Add(_follow);
        Examples =
        [
            "stella backup logs --last 24h",
            "stella backup logs --last 24h --level error",
            "stella backup logs --operation 0196a1b2-0000-7000-8000-00000000002b --follow",
        ];
    }

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var id = parsed.GetValue(_operation);
        var start = _last.Since(parsed, session.Clock)
            ?? (id is null ? LastOption.Since(TimeSpan.FromDays(1), session.Clock) : null);
        var level = parsed.GetValue(_level);
        if (!parsed.GetValue(_follow))
        {
            var events = session.Api.ListAsync<EventView>(Routes.Events, [("since", start), ("operation", id?.ToString()), ("level", level)], cancellationToken);
            await session.PrintListAsync(events, EventList.Write, cancellationToken);
            return 0;
        }

        await FollowAsync(session, id, start, level, cancellationToken);
        return 0;
    }

    private static async Task FollowAsync(Session session, Guid? id, string? start, string? level, CancellationToken cancellationToken)
    {
        string? after = null;
        while (true)
        {
            // Asked before the events are, so that the last events of a finished operation are printed too.
            var isFinished = id is { } known
                && (await session.Api.GetAsync<OperationView>(Paging.Below(Routes.Operations, $"{known}"), cancellationToken)).State == OperationState.Finished;
            var query = new[] { ("since", after is null ? start : null), ("after", after), ("operation", id?.ToString()), ("level", level) };
            await foreach (var line in session.Api.ListAsync<EventView>(Routes.Events, query, cancellationToken))
            {
                after = line.Sequence.ToString(CultureInfo.InvariantCulture);
                session.Terminal.Out.WriteLine(
                    session.Settings.Format == OutputFormat.Table ? EventList.Line(line) : ApiJson.Line(line));
            }

            if (isFinished)
            {
                return;
            }

            await Task.Delay(Interval, session.Clock, cancellationToken);
        }
    }
}

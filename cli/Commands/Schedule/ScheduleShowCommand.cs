using System.CommandLine;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Schedule;

/// <summary><c>stella backup schedule show</c>.</summary>
internal sealed class ScheduleShowCommand : StellaCommand
{
    public ScheduleShowCommand()
        : base("show", "Show what starts by itself, when it ran last and runs next") =>
        Examples = ["stella backup schedule show"];

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        await session.PrintListAsync(session.Api.ListAsync<ScheduleView>(Routes.Schedules, [], cancellationToken), ScheduleReport.Write, cancellationToken);
        return 0;
    }
}

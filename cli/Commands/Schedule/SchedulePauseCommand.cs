using System.CommandLine;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Schedule;

/// <summary><c>stella backup schedule pause</c> and <c>resume</c>.</summary>
internal sealed class SchedulePauseCommand : StellaCommand
{
    private readonly ScheduleTypeOption _type = new();

    /// <param name="name"><c>pause</c> or <c>resume</c>; also the last part of the address.</param>
    /// <param name="description">What it does.</param>
    public SchedulePauseCommand(string name, string description)
        : base(name, description)
    {
        Add(_type);
        Examples = [$"stella backup schedule {name} --type database"];
    }

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var path = $"{Paging.Below(Routes.Schedules, parsed.GetRequiredValue(_type))}/{Name}";
        var schedule = await session.Api.PostAsync<ScheduleView>(path, body: null, ApiClient.Brief, cancellationToken);
        session.Print(schedule, output => ScheduleReport.Write(output, [schedule]));
        return 0;
    }
}

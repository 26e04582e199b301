using System.CommandLine;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Schedule;

/// <summary><c>stella backup schedule set</c>.</summary>
internal sealed class ScheduleSetCommand : StellaCommand
{
    private readonly ScheduleTypeOption _type = new();
    private readonly Option<string> _cron = new("--cron")
    {
        Description = "Minute, hour, day of the month, month, day of the week, in the schedule's time zone", HelpName = "'M H D M W'",
    };
    private readonly Option<string> _timeZone = new("--time-zone") { Description = "IANA name of the time zone, like UTC or Europe/Vienna", HelpName = "ZONE" };
    private readonly Option<bool?> _onChange = new("--on-change") { Description = "Also back up within a minute of a change of its files; 'false' ends that", Arity = ArgumentArity.ZeroOrOne };

    public ScheduleSetCommand()
        : base("set", "Set when a kind of work starts by itself; what is not named stays as it is")
    {
        Add(_type);
        Add(_cron);
        Add(_timeZone);
        Add(_onChange);
        Validators.Add(result =>
        {
            if (result.GetResult(_cron) is null && result.GetResult(_timeZone) is null && result.GetResult(_onChange) is null)
            {
                result.AddError("say what to set: --cron, --time-zone or --on-change");
            }
        });
        Examples =
        [
            "stella backup schedule set --type database --cron \"0 2 * * *\"",
            "stella backup schedule set --type config --cron \"0 4 * * *\" --on-change",
            "stella backup schedule set --type keys --time-zone Europe/Vienna",
            "stella backup schedule set --type full --cron \"30 1 * * 6\"",
        ];
    }

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var request = new SetScheduleRequest
        {
            Cron = parsed.GetValue(_cron),
            TimeZone = parsed.GetValue(_timeZone),
            OnChange = parsed.GetResult(_onChange) is { Implicit: false } ? parsed.GetValue(_onChange) ?? true : null,
        };
        var schedule = await session.Api.PutAsync<ScheduleView>(Paging.Below(Routes.Schedules, parsed.GetRequiredValue(_type)), request, cancellationToken);
        session.Print(schedule, output => ScheduleReport.Write(output, [schedule]));
        return 0;
    }
}

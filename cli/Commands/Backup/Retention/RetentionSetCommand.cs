using System.CommandLine;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup.Retention;

/// <summary><c>stella backup retention set</c>.</summary>
internal sealed class RetentionSetCommand : StellaCommand
{
    private readonly TypeOption _types = new("Components that it is for") { Required = true };
    private readonly CountOption _days = new("--days", "Keep what is not older than so many days; 0 takes this rule away, here and below", least: 0);
    private readonly CountOption _last = new("--keep-last", "Keep the newest so many", least: 0);
    private readonly CountOption _daily = new("--keep-daily", "Keep the newest of each of so many days", least: 0);
    private readonly CountOption _weekly = new("--keep-weekly", "Keep the newest of each of so many weeks", least: 0);
    private readonly CountOption _monthly = new("--keep-monthly", "Keep the newest of each of so many months", least: 0);
    private readonly Option<string> _reason = new("--reason") { Description = "Why, for the audit log", HelpName = "TEXT" };

    public RetentionSetCommand()
        : base("set", "Change how long recovery points are kept; each rule keeps for itself, and what none keeps goes")
    {
        Add(_types);
        Add(_days);
        Add(_last);
        Add(_daily);
        Add(_weekly);
        Add(_monthly);
        Add(_reason);
        Validators.Add(result =>
        {
            if (new[] { _days, _last, _daily, _weekly, _monthly }.All(option => result.GetResult(option) is null or { Implicit: true }))
            {
                result.AddError("say what to keep: --days, --keep-last, --keep-daily, --keep-weekly or --keep-monthly");
            }
        });
        Examples =
        [
            "stella backup retention set --type database --days 30",
            "stella backup retention set --type config,keys --days 90 --keep-monthly 12",
        ];
    }

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var request = new SetRetentionRequest
        {
            Types = parsed.GetRequiredValue(_types)!,
            Days = parsed.GetValue(_days),
            Last = parsed.GetValue(_last),
            Daily = parsed.GetValue(_daily),
            Weekly = parsed.GetValue(_weekly),
            Monthly = parsed.GetValue(_monthly),
            Reason = parsed.GetValue(_reason),
        };
        var view = await session.Api.PostAsync<RetentionView>(Routes.Retention, request, ApiClient.Brief, cancellationToken);
        session.Print(view, output => RetentionText.Write(output, view));
        session.Remark("it holds from the next run on: see what would go with 'stella backup retention apply --dry-run'");
        return 0;
    }
}

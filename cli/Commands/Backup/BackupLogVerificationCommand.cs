using System.CommandLine;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup;

/// <summary><c>stella backup log-verification</c>.</summary>
internal sealed class BackupLogVerificationCommand : StellaCommand
{
    private readonly Option<string> _name = new("--name") { Description = "Name or id of the recovery point", HelpName = "N", Required = true };
    private readonly Option<string> _result = new("--result") { Description = "What was found: success or failure", HelpName = "R", Required = true };
    private readonly Option<string> _note = new("--note") { Description = "What was looked at, and how", HelpName = "TEXT" };

    public BackupLogVerificationCommand()
        : base("log-verification", "Write down in the log and the audit log what you found out about a point; it counts as no proof")
    {
        Add(_name);
        Add(_result);
        Add(_note);
        Validators.Add(result =>
        {
            if (result.GetResult(_result) is { Implicit: false } && result.GetValue(_result) is not ("success" or "failure"))
            {
                result.AddError("--result is 'success' or 'failure'");
            }
        });
        Examples =
        [
            "stella backup log-verification --name pre-upgrade-20260117 --result success",
            "stella backup log-verification --name nightly --result failure --note \"the web shop misses orders of May\"",
        ];
    }

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var request = new LogVerificationRequest { Result = parsed.GetRequiredValue(_result), Note = parsed.GetValue(_note) };
        var path = $"{Paging.Below(Routes.Points, parsed.GetRequiredValue(_name))}/verifications";
        var line = await session.Api.PostAsync<EventView>(path, request, ApiClient.Brief, cancellationToken);
        session.Print(line, output => output.WriteLine(EventList.Line(line)));
        return 0;
    }
}

using System.CommandLine;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Service;

/// <summary><c>stella service stop</c>, <c>start</c> and <c>restart</c>.</summary>
internal sealed class ServiceActionCommand : StellaCommand
{
    private readonly Option<bool> _all = new("--all") { Description = "All services that are configured" };
    private readonly Option<string[]> _services = new("--service")
    {
        Description = "Only these", HelpName = "S[,S]", Arity = ArgumentArity.OneOrMore,
        CustomParser = result => [.. result.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))],
    };
    private readonly Option<bool> _graceful = new("--graceful") { Description = "One after the other, each healthy again before the next" };

    public ServiceActionCommand(string action, string description)
        : base(action, description)
    {
        Add(_all);
        Add(_services);
        if (action == "restart")
        {
            Add(_graceful);
        }

        Validators.Add(result =>
        {
            var named = result.GetResult(_services) is { Implicit: false };
            if (named && result.GetValue(_all))
            {
                result.AddError("either --all or --service, not both");
            }
            else if (!named && !result.GetValue(_all) && action != "restart")
            {
                result.AddError($"say what to {action}: either --all or --service");
            }
        });
        Examples = action == "restart"
            ? ["stella service restart --graceful", "stella service restart --service api"]
            : [$"stella service {action} --all", $"stella service {action} --service api,release-orchestrator"];
    }

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var names = parsed.GetValue(_services) ?? [];
        var request = new ServiceActionRequest { All = names.Length == 0, Services = names, Graceful = Name == "restart" && parsed.GetValue(_graceful) };
        var results = await session.Api.PostAsync<IReadOnlyList<ServiceActionResult>>(
            Paging.Below(Routes.Services, Name), request, ApiClient.Long, cancellationToken);
        session.Print(results, output => Write(output, results));
        var failed = results.Where(result => !result.Succeeded).Select(result => result.Service).ToList();
        return failed.Count == 0
            ? 0
            : throw new BackupException(ErrorCodes.ServiceActionFailed, $"could not {Name} {string.Join(", ", failed)}");
    }

    private static void Write(TextWriter output, IReadOnlyList<ServiceActionResult> results)
    {
        var table = new TextTable("SERVICE", "RESULT", "DETAIL");
        foreach (var result in results)
        {
            table.Add(result.Service, result.Succeeded ? "ok" : "failed", result.Detail);
        }

        table.WriteTo(output);
    }
}

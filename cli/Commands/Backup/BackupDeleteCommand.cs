using System.CommandLine;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Commands.Backup.Retention;
using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup;

/// <summary><c>stella backup delete</c>.</summary>
internal sealed class BackupDeleteCommand : StellaCommand
{
    private readonly Option<string> _name = new("--name") { Description = "Name or id of the recovery point", HelpName = "N" };
    private readonly SpanOption _olderThan = new("--older-than", "All that were taken longer ago, in whole days, and that nothing protects");
    private readonly TypeOption _types = new("With --older-than: only these components");
    private readonly Option<bool> _confirm = new("--confirm") { Description = "Do it without asking" };
    private readonly RetentionRunOptions _run = new();

    public BackupDeleteCommand()
        : base("delete", "Delete recovery points, and the data that no other point needs")
    {
        Add(_name);
        Add(_olderThan);
        Add(_types);
        Add(_confirm);
        _run.AddTo(this, "With --older-than: say what would go and what would stay, and why; change nothing");
        Validators.Add(result =>
        {
            var byName = result.GetResult(_name) is { Implicit: false };
            if (byName == result.GetResult(_olderThan) is { Implicit: false })
            {
                result.AddError("say what to delete: either --name or --older-than");
            }
            else if (byName && (result.GetResult(_types) is { Implicit: false } || _run.IsDryRun(result)))
            {
                result.AddError("--type and --dry-run go with --older-than; --name deletes the whole point");
            }
        });
        Examples = ["stella backup delete --name evidence-snapshot --confirm", "stella backup delete --older-than 14d --dry-run", "stella backup delete --older-than 14d --confirm"];
    }

    protected override Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken) => parsed.GetValue(_olderThan) is { } age
        ? DeleteAsync(session, parsed, age, cancellationToken)
        : DeleteAsync(session, parsed, parsed.GetRequiredValue(_name), cancellationToken);

    private async Task<int> DeleteAsync(Session session, ParseResult parsed, string point, CancellationToken cancellationToken)
    {
        var isConfirmed = parsed.GetValue(_confirm);
        var lost = isConfirmed ? "" : await LostReach.OfAsync(session.Api, point, cancellationToken);
        await session.RequireAsync(
            isConfirmed,
            $"this deletes the recovery point '{point}'{lost}",
            point,
            "the same command with --confirm",
            cancellationToken);
        var address = Paging.Address(Paging.Below(Routes.Points, point), ("confirm", "true"), ("reason", _run.Read(parsed).Reason));
        return await session.StartAsync(HttpMethod.Delete, address, body: null, _run.Mode(parsed) == RetentionMode.NoWait, cancellationToken);
    }

    private async Task<int> DeleteAsync(Session session, ParseResult parsed, TimeSpan age, CancellationToken cancellationToken)
    {
        var types = _types.Named(parsed) ?? [];
        var mode = _run.Mode(parsed);
        if (mode != RetentionMode.DryRun)
        {
            var parts = types.Count == 0 || types.Contains(Components.Full) ? "" : $"{string.Join(", ", types)} of ";
            await session.RequireAsync(
                parsed.GetValue(_confirm),
                $"this deletes {parts}all recovery points that are older than {(int)age.TotalDays} days and that nothing protects",
                "delete",
                "the same command with --confirm (or with --dry-run)",
                cancellationToken);
        }

        return await session.RunRetentionAsync(_run.Read(parsed) with { Types = types, OlderThan = age, Confirm = true }, mode, cancellationToken);
    }
}

using System.CommandLine;
using StellaOps.Backup.Cli.Commands.Backup.Retention;
using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Sessions;

namespace StellaOps.Backup.Cli.Commands.Backup;

/// <summary><c>stella backup cleanup</c>.</summary>
internal sealed class BackupCleanupCommand : StellaCommand
{
    private readonly Option<bool> _expired = new("--expired") { Description = "Drop what the retention's rules do not keep any more" };
    private readonly CountOption _last = new("--keep-last", "Drop all but the newest so many of each component", least: 1);
    private readonly TypeOption _types = new("Only these components");
    private readonly RetentionRunOptions _run = new();

    public BackupCleanupCommand()
        : base("cleanup", "Make room at once, for good: also what was dropped earlier cannot be brought back")
    {
        Add(_expired);
        Add(_last);
        Add(_types);
        _run.AddTo(this);
        Validators.Add(result =>
        {
            if (result.GetResult(_last) is { Implicit: false } == result.GetValue(_expired))
            {
                result.AddError("say what may go: either --expired or --keep-last");
            }
        });
        Examples = ["stella backup cleanup --keep-last 3 --dry-run", "stella backup cleanup --keep-last 3", "stella backup cleanup --expired"];
    }

    protected override Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken) => session.RunRetentionAsync(
        _run.Read(parsed) with { Types = _types.Named(parsed) ?? [], Last = parsed.GetValue(_last), Force = true, EndGrace = true }, _run.Mode(parsed), cancellationToken);
}

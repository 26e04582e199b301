using System.CommandLine;
using System.CommandLine.Parsing;
using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup.Retention;

/// <summary>What all commands have in common that drop several recovery points.</summary>
internal sealed class RetentionRunOptions
{
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Say what would go and what would stay, and why; change nothing" };
    private readonly Option<string> _reason = new("--reason") { Description = "Why, for the audit log", HelpName = "TEXT" };
    private readonly Option<bool> _noWait = new("--no-wait") { Description = "Return as soon as the work is accepted, and print the operation's id" };

    /// <param name="command">Gets the options.</param>
    /// <param name="dryRun">What its help says of <c>--dry-run</c>, where that is not the usual.</param>
    public void AddTo(Command command, string? dryRun = null)
    {
        _dryRun.Description = dryRun ?? _dryRun.Description;
        command.Add(_dryRun);
        command.Add(_reason);
        command.Add(_noWait);
    }

    /// <summary>The request, but for what is the command's own.</summary>
    public RetentionRequest Read(ParseResult parsed) => new() { Reason = parsed.GetValue(_reason) };

    public bool IsDryRun(CommandResult result) => result.GetValue(_dryRun);

    public RetentionMode Mode(ParseResult parsed) =>
        parsed.GetValue(_dryRun) ? RetentionMode.DryRun : parsed.GetValue(_noWait) ? RetentionMode.NoWait : RetentionMode.Follow;
}

using System.CommandLine;
using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup.Retention;

/// <summary><c>stella backup retention apply</c>.</summary>
internal sealed class RetentionApplyCommand : StellaCommand
{
    private readonly TypeOption _types = new("Only these components");
    private readonly Option<bool> _force = new("--force") { Description = "Free the bytes at once: what goes cannot be brought back" };
    private readonly RetentionRunOptions _run = new();

    public RetentionApplyCommand()
        : base("apply", "Drop what the rules do not keep, and say of each recovery point why it stays or goes")
    {
        Add(_types);
        Add(_force);
        _run.AddTo(this);
        Examples = ["stella backup retention apply --dry-run", "stella backup retention apply", "stella backup retention apply --force"];
    }

    protected override Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken) =>
        session.RunRetentionAsync(_run.Read(parsed) with { Types = _types.Named(parsed) ?? [], Force = parsed.GetValue(_force) }, _run.Mode(parsed), cancellationToken);
}

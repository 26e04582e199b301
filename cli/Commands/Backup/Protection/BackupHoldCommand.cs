using System.CommandLine;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup.Protection;

/// <summary><c>stella backup hold</c>.</summary>
internal sealed class BackupHoldCommand : ProtectionCommand
{
    private readonly Option<string> _reason = new("--reason") { Description = "What it is for, the number of a case, say; a point may be held for several", HelpName = "TEXT", Required = true };

    public BackupHoldCommand()
        : base("hold", "Put a recovery point on legal hold: nothing drops it until two people have released it")
    {
        Add(_reason);
        Examples = ["stella backup hold --name nightly-20260117 --reason CASE-17"];
    }

    protected override ProtectionRequest Read(ParseResult parsed) => new() { Reason = parsed.GetValue(_reason) };
}

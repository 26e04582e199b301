using System.CommandLine;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup.Protection;

/// <summary><c>stella backup pin</c> and <c>unpin</c>.</summary>
internal sealed class BackupPinCommand : ProtectionCommand
{
    private readonly Option<string> _reason = new("--reason") { Description = "Why", HelpName = "TEXT" };

    /// <param name="name"><c>pin</c> or <c>unpin</c>.</param>
    /// <param name="description">What it does.</param>
    public BackupPinCommand(string name, string description)
        : base(name, description)
    {
        Add(_reason);
        Examples = [$"stella backup {name} --name pre-upgrade-20260117", $"stella backup {name} --name pre-upgrade-20260117 --reason \"release 4.2\""];
    }

    protected override ProtectionRequest Read(ParseResult parsed) => new() { Reason = parsed.GetValue(_reason) };
}

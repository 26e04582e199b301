using System.CommandLine;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup.Protection;

/// <summary><c>stella backup release</c>.</summary>
internal sealed class BackupReleaseCommand : ProtectionCommand
{
    private readonly Option<string> _hold = new("--hold") { Description = "The hold that is meant, by its reason; needed where the point has several", HelpName = "TEXT" };
    private readonly Option<string> _reason = new("--reason") { Description = "Why", HelpName = "TEXT" };

    public BackupReleaseCommand()
        : base("release", "Release a legal hold: one person asks, a second one within 72 hours ends it")
    {
        Add(_hold);
        Add(_reason);
        Examples =
        [
            "stella backup release --name nightly-20260117 --reason \"CASE-17 is closed\"",
            "stella backup release --name nightly-20260117 --hold CASE-17",
        ];
    }

    protected override ProtectionRequest Read(ParseResult parsed) => new() { Hold = parsed.GetValue(_hold), Reason = parsed.GetValue(_reason) };
}

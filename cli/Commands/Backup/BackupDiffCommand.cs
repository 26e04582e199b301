using System.CommandLine;
using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup;

/// <summary><c>stella backup diff</c>.</summary>
internal sealed class BackupDiffCommand : StellaCommand
{
    private readonly Argument<string> _before = new("BEFORE") { Description = "Name or id of the older recovery point" };
    private readonly Argument<string> _after = new("AFTER") { Description = "Name or id of the newer one" };
    private readonly Option<string> _path = new("--path") { Description = "Only this file, or what is below this directory", HelpName = "PATH" };

    public BackupDiffCommand()
        : base("diff", "Compare the configuration of two recovery points; what looks like a secret is masked")
    {
        Add(_before);
        Add(_after);
        Add(_path);
        Examples =
        [
            "stella backup diff config-20260116-040041 config-20260117-040041",
            "stella backup diff pre-upgrade-20260117 post-upgrade-20260117 --path /etc/stellaops/gateway.yaml",
        ];
    }

    protected override Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var request = new DiffRequest { Before = parsed.GetRequiredValue(_before), After = parsed.GetRequiredValue(_after), Path = parsed.GetValue(_path) };
        return session.StartAsync(HttpMethod.Post, Routes.Diffs, request, noWait: false, cancellationToken);
    }
}

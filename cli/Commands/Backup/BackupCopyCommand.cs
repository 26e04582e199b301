using System.CommandLine;
using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup;

/// <summary><c>stella backup copy</c>.</summary>
internal sealed class BackupCopyCommand : StellaCommand
{
    private readonly Option<string> _name = new("--name") { Description = "Name or id of the recovery point", HelpName = "N", Required = true };
    private readonly Option<string> _destination = new("--destination")
    {
        Description = "Where the archive N.tar.gz goes: a directory on the workers' hosts, s3://…, gs://… or azblob://… (docs/s3.md, docs/azure.md)", HelpName = "URL", Required = true,
    };
    private readonly Option<bool> _noWait = new("--no-wait") { Description = "Return as soon as the work is accepted, and print the operation's id" };

    public BackupCopyCommand()
        : base("copy", "Copy a recovery point into one archive elsewhere, and make it the latest there")
    {
        Add(_name);
        Add(_destination);
        Add(_noWait);
        Examples =
        [
            "stella backup copy --name pre-upgrade-20260117 --destination s3://backup-bucket/",
            "stella backup copy --name pre-upgrade-20260117 --destination \"s3://offsite/stella?endpoint=https://s3.example.org\"",
            "stella backup copy --name pre-upgrade-20260117 --destination /mnt/offsite",
        ];
    }

    protected override Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var request = new CopyRequest { Point = parsed.GetRequiredValue(_name), Destination = parsed.GetRequiredValue(_destination) };
        return session.StartAsync(HttpMethod.Post, Routes.Copies, request, parsed.GetValue(_noWait), cancellationToken);
    }
}

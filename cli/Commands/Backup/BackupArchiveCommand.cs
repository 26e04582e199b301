using System.CommandLine;
using StellaOps.Backup.Cli.Commands.Backup.Retention;
using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup;

/// <summary><c>stella backup archive</c>.</summary>
internal sealed class BackupArchiveCommand : StellaCommand
{
    private readonly SpanOption _olderThan = new("--older-than", "All that were taken longer ago, in whole days, and that nothing keeps in the location");
    private readonly Option<string> _name = new("--name") { Description = "Name or id of one recovery point", HelpName = "N" };
    private readonly Option<string> _destination = new("--destination")
    {
        Description = "Where the archives go: a directory on the workers' hosts, s3://…, gs://… or azblob://… (docs/s3.md, docs/azure.md)", HelpName = "URL", Required = true,
    };
    private readonly Option<bool> _confirm = new("--confirm") { Description = "Accepted and not needed: nothing is lost" };
    private readonly RetentionRunOptions _run = new();

    public BackupArchiveCommand()
        : base("archive", "Move recovery points to cold storage; they stay listed, and restores read them there")
    {
        Add(_olderThan);
        Add(_name);
        Add(_destination);
        Add(_confirm);
        _run.AddTo(this);
        Validators.Add(result =>
        {
            if (result.GetResult(_olderThan) is { Implicit: false } == result.GetResult(_name) is { Implicit: false })
            {
                result.AddError("say what to archive: either --older-than or --name");
            }
        });
        Examples =
        [
            "stella backup archive --older-than 30d --destination s3://archive-bucket/ --dry-run",
            "stella backup archive --older-than 30d --destination s3://archive-bucket/",
            "stella backup archive --name pre-upgrade-20250117 --destination /mnt/cold",
        ];
    }

    protected override Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var request = new ArchiveRequest
        {
            OlderThan = parsed.GetValue(_olderThan), Point = parsed.GetValue(_name), Destination = parsed.GetRequiredValue(_destination), Reason = _run.Read(parsed).Reason,
        };
        return session.RunArchivingAsync(request, _run.Mode(parsed), cancellationToken);
    }
}

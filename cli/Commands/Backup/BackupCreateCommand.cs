using System.CommandLine;
using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup;

/// <summary><c>stella backup create</c>.</summary>
internal sealed class BackupCreateCommand : StellaCommand
{
    private readonly Option<bool> _full = new("--full") { Description = "Take every component that is configured" };
    private readonly TypeOption _types = new("Take only these components");
    private readonly ClusterOption _cluster = new("Of the database take only this cluster; alone, it means --type database");
    private readonly Option<string> _name = new("--name") { Description = "Unique name of the recovery point; chosen by the server when absent", HelpName = "N" };
    private readonly Option<bool> _retry = new("--retry") { Description = "Again what failed last, under its name; refused when the last one did not fail" };
    private readonly Option<bool> _noWait = new("--no-wait") { Description = "Return as soon as the backup is accepted, and print the operation's id" };

    public BackupCreateCommand()
        : base("create", "Take a backup: one recovery point across the named components")
    {
        Add(_full);
        Add(_types);
        Add(_cluster);
        Add(_name);
        Add(_retry);
        Add(_noWait);
        Validators.Add(result =>
        {
            var hasTypes = result.GetResult(_types) is { Implicit: false };
            var hasCluster = result.GetResult(_cluster) is { Implicit: false };
            if (result.GetValue(_full) ? hasTypes || hasCluster : !hasTypes && !hasCluster)
            {
                result.AddError(hasTypes ? "not both: either --full or --type" : hasCluster ? "not both: either --full or --cluster" : "say what to take: either --full or --type");
            }
        });
        Examples =
        [
            "stella backup create --full --name \"pre-upgrade-$(date +%Y%m%d)\"",
            "stella backup create --type database --name db-pre-migration",
            "stella backup create --type evidence,config",
            "stella backup create --cluster analytics",
            "stella backup create --type database --retry",
        ];
    }

    protected override Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var request = new CreateBackupRequest
        {
            Types = _types.Named(parsed) ?? (parsed.GetValue(_full) ? [Components.Full] : []),
            Cluster = parsed.GetValue(_cluster),
            Name = parsed.GetValue(_name),
            Retry = parsed.GetValue(_retry),
        };
        return session.StartAsync(HttpMethod.Post, Routes.Backups, request, parsed.GetValue(_noWait), cancellationToken);
    }
}

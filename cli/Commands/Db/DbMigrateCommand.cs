using System.CommandLine;
using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Db;

/// <summary><c>stella db migrate</c>.</summary>
internal sealed class DbMigrateCommand : StellaCommand
{
    private readonly ClusterOption _cluster = new("Cluster to migrate; needed where there are several");
    private readonly Option<bool> _withMigration = new("--with-migration") { Description = "Apply what is pending; without it, a database that is older is refused" };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Say what is pending, and change nothing" };
    private readonly Option<string> _reason = new("--reason") { Description = "Why, for the audit log", HelpName = "TEXT" };
    private readonly Option<bool> _noWait = new("--no-wait") { Description = "Return as soon as the work is accepted, and print the operation's id" };

    public DbMigrateCommand()
        : base("migrate", "Compare the migrations of the running database with those of the platform, and apply what is pending")
    {
        foreach (var option in (Option[])[_cluster, _withMigration, _dryRun, _reason, _noWait])
        {
            Add(option);
        }

        Examples = ["stella db migrate", "stella db migrate --dry-run", "stella db migrate --with-migration"];
    }

    protected override Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var request = new MigrateRequest
        {
            Cluster = parsed.GetValue(_cluster), WithMigration = parsed.GetValue(_withMigration), DryRun = parsed.GetValue(_dryRun), Reason = parsed.GetValue(_reason),
        };
        return session.StartAsync(HttpMethod.Post, Routes.Migrations, request, parsed.GetValue(_noWait), cancellationToken);
    }
}

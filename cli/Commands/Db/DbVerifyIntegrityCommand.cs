using System.CommandLine;
using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Db;

/// <summary><c>stella db verify-integrity</c>.</summary>
internal sealed class DbVerifyIntegrityCommand : StellaCommand
{
    private readonly ClusterOption _cluster = new("Cluster to check; needed where there are several");
    private readonly Option<bool> _noWait = new("--no-wait") { Description = "Return as soon as the work is accepted, and print the operation's id" };

    public DbVerifyIntegrityCommand()
        : base("verify-integrity", "Check the running database: pages, indexes, tables, sequences, rows. Changes nothing")
    {
        Add(_cluster);
        Add(_noWait);
        Examples = ["stella db verify-integrity", "stella db verify-integrity --format json"];
    }

    protected override Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken) =>
        session.StartAsync(
            HttpMethod.Post, Routes.IntegrityChecks, new VerifyIntegrityRequest { Cluster = parsed.GetValue(_cluster) }, parsed.GetValue(_noWait), cancellationToken);
}

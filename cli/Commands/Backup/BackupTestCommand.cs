using System.CommandLine;
using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup;

/// <summary><c>stella backup test</c>.</summary>
internal sealed class BackupTestCommand : StellaCommand
{
    private readonly TypeOption _types = new("Only these components");
    private readonly ClusterOption _cluster = new("Of the database only this cluster; alone, it means --type database");
    private readonly Option<bool> _noWait = new("--no-wait") { Description = "Return as soon as the work is accepted, and print the operation's id" };

    public BackupTestCommand()
        : base("test", "Try all that a backup needs (source, location, repository, space), and save nothing")
    {
        Add(_types);
        Add(_cluster);
        Add(_noWait);
        Examples = ["stella backup test --type database", "stella backup test --type secrets,keys", "stella backup test"];
    }

    protected override Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var request = new TrialRequest { Types = _types.Named(parsed) ?? [], Cluster = parsed.GetValue(_cluster) };
        return session.StartAsync(HttpMethod.Post, Routes.Trials, request, parsed.GetValue(_noWait), cancellationToken);
    }
}

using System.CommandLine;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup;

/// <summary><c>stella backup wal-list</c>.</summary>
internal sealed class BackupWalListCommand : StellaCommand
{
    private readonly ClusterOption _cluster = new("Only the archive of this cluster");
    private readonly TimeOption _after = new("--after", "Only WAL with commits at or after this time");
    private readonly TimeOption _before = new("--before", "Only WAL with commits at or before this time");

    public BackupWalListCommand()
        : base("wal-list", "List the archived WAL: ranges, timelines, gaps, and where recovery can go")
    {
        Add(_cluster);
        Add(_after);
        Add(_before);
        Examples =
        [
            "stella backup wal-list",
            "stella backup wal-list --after 2026-01-16 --before 2026-01-17T12:00:00Z",
            "stella backup wal-list --format json",
        ];
    }

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var archives = session.Api.ListAsync<WalArchiveView>(
            Routes.Wal, [("cluster", parsed.GetValue(_cluster)), ("after", _after.Parameter(parsed)), ("before", _before.Parameter(parsed))], cancellationToken);
        await session.PrintListAsync(archives, WalReport.Write, cancellationToken);
        return 0;
    }
}

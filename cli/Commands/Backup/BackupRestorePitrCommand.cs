using System.CommandLine;
using System.Globalization;
using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup;

/// <summary><c>stella backup restore-pitr</c>.</summary>
internal sealed class BackupRestorePitrCommand : StellaCommand
{
    private readonly PointInTimeOptions _targets = new();
    private readonly ClusterOption _cluster = new("Cluster to recover; needed where there are several");
    private readonly Option<string> _target = new("--target")
    {
        Description = "Directory on the database worker's host to recover into; without it the data directory is replaced", HelpName = "DIR",
    };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Say how the target would be reached, or why it cannot be" };
    private readonly Option<bool> _confirm = new("--confirm") { Description = "Do it without asking" };
    private readonly Option<bool> _keepReplaced = new("--keep-replaced") { Description = "Keep what is replaced, under a name that is printed" };
    private readonly Option<string> _reason = new("--reason") { Description = "Why, for the audit log", HelpName = "TEXT" };
    private readonly TablespaceMapOption _tablespaces = new();
    private readonly Option<bool> _noWait = new("--no-wait") { Description = "Return as soon as the recovery is accepted, and print the operation's id" };

    public BackupRestorePitrCommand()
        : base("restore-pitr", "Bring the database to a point in time. Replaces data; what writes it is stopped and started again")
    {
        foreach (var option in (Option[])[.. _targets.All, _cluster, _target, _dryRun, _confirm, _keepReplaced, _tablespaces, _reason, _noWait])
        {
            Add(option);
        }

        Examples =
        [
            "stella backup wal-list",
            "stella backup restore-pitr --to-time 2026-01-17T10:30:00Z --dry-run",
            "stella backup restore-pitr --to-time 2026-01-17T10:30:00Z --confirm",
            "stella backup restore-pitr --to-xid 48213 --exclusive --target /srv/beside --confirm",
        ];
    }

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var request = _targets.Read(parsed) with
        {
            Cluster = parsed.GetValue(_cluster),
            Target = parsed.GetValue(_target),
            DryRun = parsed.GetValue(_dryRun),
            KeepReplaced = parsed.GetValue(_keepReplaced),
            Tablespaces = parsed.GetValue(_tablespaces) ?? [],
            Reason = parsed.GetValue(_reason),
        };
        if (request.Time is { } time)
        {
            session.Remark($"target time: {time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture)} (UTC)");
        }

        if (!request.DryRun)
        {
            await session.RequireAsync(
                parsed.GetValue(_confirm),
                $"this recovers {(request.Cluster is { } cluster ? $"cluster {cluster}" : "the database")} to a point in time {(request.Target is { } directory ? $"into {directory}" : "in place of the data of the running system")}",
                "recover",
                "the same command with --confirm (or with --dry-run, to see how the target would be reached)",
                cancellationToken);
            request = request with { Confirm = true };
        }

        return request is { DryRun: false, Target: null } && !parsed.GetValue(_noWait)
            ? await ReplaceAsync(session, request, cancellationToken)
            : await session.StartAsync(HttpMethod.Post, Routes.Recoveries, request, parsed.GetValue(_noWait), cancellationToken);
    }

    /// <summary>In place: what runs is stopped only when the target is known to be reachable, and runs again when it was reached.</summary>
    private static async Task<int> ReplaceAsync(Session session, PointInTimeRequest request, CancellationToken cancellationToken)
    {
        var services = new DatabaseServices(session);
        var running = await services.RunningAsync(cancellationToken);
        if (running.Count == 0)
        {
            var status = await session.StartAsync(HttpMethod.Post, Routes.Recoveries, request, noWait: false, cancellationToken);
            await services.WarnOfStoppedAsync([Component.Database], cancellationToken);
            return status;
        }

        await session.RunPartAsync(Routes.Recoveries, request with { DryRun = true, Confirm = false }, cancellationToken);
        return await services.WithoutAsync(running, Routes.Recoveries, request, cancellationToken);
    }
}

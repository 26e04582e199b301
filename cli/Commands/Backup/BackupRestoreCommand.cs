using System.CommandLine;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Cli.Settings;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup;

/// <summary><c>stella backup restore</c>.</summary>
internal sealed class BackupRestoreCommand : StellaCommand
{
    private readonly Option<string> _name = new("--name") { Description = "Name or id of the recovery point", HelpName = "N" };
    private readonly Option<string> _source = new("--source")
    {
        Description = "Address of a portable archive to restore from, in place of a point of the location (see 'backup copy')", HelpName = "URL",
    };
    private readonly Option<string> _trustKey = new("--trust-key") { Description = "With --source: accept an archive that is signed by this key", HelpName = "ID" };
    private readonly TypeOption _types = new("Restore only these components");
    private readonly ClusterOption _cluster = new("Of the database restore only this cluster; alone, it means --type database");
    private readonly Option<string> _target = new("--target")
    {
        Description = "Directory on the workers' hosts to restore into; without it the running system's data is replaced", HelpName = "DIR",
    };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Say what would be done and whether it could be" };
    private readonly Option<bool> _confirm = new("--confirm") { Description = "Do it without asking" };
    private readonly Option<bool> _keepReplaced = new("--keep-replaced") { Description = "Keep what is replaced, under a name that is printed" };
    private readonly Option<bool> _allowRunning = new("--allow-running") { Description = "Do it although services run that write what is restored" };
    private readonly Option<bool> _withMigration = new("--with-migration")
    {
        Description = "Accept a database that is older than the platform; afterwards its server is started and its migrations are applied",
    };
    private readonly TablespaceMapOption _tablespaces = new();
    private readonly Option<string> _reason = new("--reason") { Description = "Why, for the audit log", HelpName = "TEXT" };
    private readonly Option<bool> _noWait = new("--no-wait") { Description = "Return as soon as the restore is accepted, and print the operation's id" };

    public BackupRestoreCommand()
        : base("restore", "Bring a recovery point back. Replaces data: stop the services first")
    {
        foreach (var option in new Option[] { _name, _source, _trustKey, _types, _cluster, _target, _dryRun, _confirm, _keepReplaced, _allowRunning, _withMigration, _tablespaces, _reason, _noWait })
        {
            Add(option);
        }

        Validators.Add(result =>
        {
            var bySource = result.GetResult(_source) is { Implicit: false };
            if (bySource == result.GetResult(_name) is { Implicit: false })
            {
                result.AddError("say what to restore: either --name, or --source with the address of an archive");
            }
            else if (!bySource && result.GetResult(_trustKey) is { Implicit: false })
            {
                result.AddError("--trust-key goes with --source");
            }
        });
        Examples =
        [
            "stella backup restore --name pre-upgrade-20260117 --dry-run",
            "stella service stop --all",
            "stella backup restore --name pre-upgrade-20260117 --confirm",
            "stella service start --all",
            "stella backup restore --type config --name config-backup --confirm --reason \"bad edit, INC-4711\"",
            "stella backup restore --name pre-upgrade-20260117 --target /srv/beside --confirm",
            "stella backup restore --source s3://backup-bucket/latest-full.tar.gz --confirm",
            "stella backup restore --type database --name pre-upgrade-20260117 --with-migration --confirm",
        ];
    }

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var request = new RestoreRequest
        {
            Point = parsed.GetValue(_name),
            Source = parsed.GetValue(_source),
            TrustKey = parsed.GetValue(_trustKey),
            Types = _types.Named(parsed) is { } names && !names.Contains(Components.Full) ? names : [],
            Cluster = parsed.GetValue(_cluster),
            Target = parsed.GetValue(_target),
            DryRun = parsed.GetValue(_dryRun),
            Confirm = true,
            KeepReplaced = parsed.GetValue(_keepReplaced),
            AllowRunning = parsed.GetValue(_allowRunning),
            WithMigration = parsed.GetValue(_withMigration),
            Tablespaces = parsed.GetValue(_tablespaces) ?? [],
            Reason = parsed.GetValue(_reason),
        };
        if (request.DryRun)
        {
            request = request with { Confirm = false };
        }
        else
        {
            await ConfirmAsync(session, request, parsed.GetValue(_confirm), cancellationToken);
        }

        var noWait = parsed.GetValue(_noWait);
        var status = request.DryRun || noWait
            ? await session.StartAsync(HttpMethod.Post, Routes.Restores, request, noWait, cancellationToken)
            : await RestoreAsync(session, request, cancellationToken);
        if (request is not { DryRun: false, Target: null } || noWait)
        {
            return status;
        }

        if (request.WithMigration)
        {
            status = await MigrateAsync(session, request, cancellationToken);
        }

        await new DatabaseServices(session).WarnOfStoppedAsync(Replaced(request), cancellationToken);
        return status;
    }

    /// <summary>
    /// Services that write what comes back have to be stopped by hand before, but for the server of the database: where nothing else is in the way, it is
    /// stopped and started again here, once it is known that the database can be restored.
    /// </summary>
    private static async Task<int> RestoreAsync(Session session, RestoreRequest request, CancellationToken cancellationToken)
    {
        OperationView accepted;
        try
        {
            accepted = await session.Api.StartAsync(HttpMethod.Post, Routes.Restores, request, cancellationToken);
        }
        catch (BackupException refusal) when (refusal.Error == ErrorCodes.ServerRunning)
        {
            var services = new DatabaseServices(session);
            if (await services.LastRunningAsync(Replaced(request), cancellationToken) is not { } server)
            {
                throw;
            }

            await session.RunPartAsync(Routes.Restores, request with { Types = [Component.Database.Name()], DryRun = true, Confirm = false }, cancellationToken);
            return await services.WithoutAsync([server], Routes.Restores, request, cancellationToken);
        }

        return await session.FollowAsync(accepted, cancellationToken);
    }

    /// <summary>What a restore in place may replace. Evidence is only added to.</summary>
    private static List<Component> Replaced(RestoreRequest request) =>
        [.. Components.All.Where(component => component != Component.Evidence && (request.Types.Count == 0 || request.Types.Contains(component.Name())))];

    /// <summary>The server alone is started: nothing else must see schemas that are too old for it.</summary>
    private static async Task<int> MigrateAsync(Session session, RestoreRequest restored, CancellationToken cancellationToken)
    {
        var services = new DatabaseServices(session);
        if (await services.ServerAsync(cancellationToken) is not { } server)
        {
            session.Remark($"start PostgreSQL, then apply what is pending: stella db migrate --with-migration{(restored.Cluster is { } cluster ? $" --cluster {cluster}" : "")}");
            return 0;
        }

        await services.StartAsync([server], cancellationToken);
        var ended = await session.RunPartAsync(Routes.Migrations, new MigrateRequest { Cluster = restored.Cluster, WithMigration = true, Reason = restored.Reason }, cancellationToken);
        if (session.Settings.Format == OutputFormat.Table)
        {
            OperationReport.Write(session.Terminal.Out, ended);
        }

        return 0;
    }

    private static async Task ConfirmAsync(Session session, RestoreRequest request, bool confirmed, CancellationToken cancellationToken)
    {
        var cluster = request.Cluster is { } named ? $" (cluster {named})" : "";
        var what = (request.Types.Count > 0 ? string.Join(", ", request.Types) : request.Cluster is null ? "all components" : "database") + cluster;
        var where = request.Target is { } directory ? $"into {directory}"
            : $"in place of the data of the running system{(Replaced(request).Contains(Component.Config) && request.Cluster is null ? "; configuration that the point does not have is deleted" : "")}";
        if (!confirmed && session.Terminal.CanAsk && request.Point is not null)
        {
            // Asked for by the name alone: show which point that is before the question.
            var point = await session.Api.GetAsync<PointView>(Paging.Below(Routes.Points, request.Point), cancellationToken);
            session.Remark($"'{point.Name}' was taken {Units.Time(point.StartedAt)}, holds {Spelling.List(point.Components)}, is {point.Proof}.");
        }

        await session.RequireAsync(
            confirmed,
            $"this restores {what} of {(request.Point is { } name ? $"'{name}'" : $"the archive {request.Source}")} {where}",
            request.Point ?? "restore",
            "the same command with --confirm (or with --dry-run, to see what would happen)",
            cancellationToken);
    }
}

using System.CommandLine;
using System.CommandLine.Help;
using StellaOps.Backup.Cli.Commands;
using StellaOps.Backup.Cli.Commands.Backup;
using StellaOps.Backup.Cli.Commands.Backup.Protection;
using StellaOps.Backup.Cli.Commands.Backup.Retention;
using StellaOps.Backup.Cli.Commands.Db;
using StellaOps.Backup.Cli.Commands.Doctor;
using StellaOps.Backup.Cli.Commands.Evidence;
using StellaOps.Backup.Cli.Commands.Operation;
using StellaOps.Backup.Cli.Commands.Repo;
using StellaOps.Backup.Cli.Commands.Schedule;
using StellaOps.Backup.Cli.Commands.Service;
using StellaOps.Backup.Cli.Commands.Storage;
using StellaOps.Backup.Cli.Commands.Wal;
using StellaOps.Backup.Cli.Parsing;

namespace StellaOps.Backup.Cli;

/// <summary>All commands.</summary>
internal sealed class StellaRoot : RootCommand
{
    public StellaRoot()
        : base("Back up, prove and restore a Stella Ops deployment: database, evidence, config, secrets, keys.")
    {
        Options.Clear();
        foreach (var option in GlobalOptions.All)
        {
            Add(option);
        }

        Add(new HelpOption("--help", "-h") { Action = new HelpWriter(), Recursive = true });
        Add(new Command("backup", "Create, list, verify, prove, restore and delete recovery points")
        {
            new BackupCreateCommand(),
            new BackupTestCommand(),
            new BackupStatusCommand(),
            new BackupListCommand(),
            new BackupInfoCommand(),
            new BackupDiffCommand(),
            new BackupVerifyCommand(),
            new BackupTestRestoreCommand(),
            new BackupCopyCommand(),
            new BackupArchiveCommand(),
            new BackupRestoreCommand(),
            new BackupRestorePitrCommand(),
            new BackupPinCommand("pin", "Keep a recovery point, whatever rules and deletions say, until it is unpinned"),
            new BackupPinCommand("unpin", "Let a recovery point go when the rules no longer keep it"),
            new BackupHoldCommand(),
            new BackupReleaseCommand(),
            new BackupDeleteCommand(),
            new BackupUndeleteCommand(),
            new BackupCleanupCommand(),
            new Command("retention", "Show, change and apply how long recovery points are kept")
            {
                new RetentionShowCommand(),
                new RetentionSetCommand(),
                new RetentionApplyCommand(),
            },
            new Command("storage", "Look at what backups take in the location")
            {
                new StorageStatsCommand(),
            },
            new BackupWalListCommand(),
            new BackupLogsCommand(),
            new BackupRestoreLogsCommand(),
            new BackupLogVerificationCommand(),
            new BackupDiagnosticsCommand(),
            new Command("schedule", "Show and set what starts by itself")
            {
                new ScheduleShowCommand(),
                new ScheduleSetCommand(),
                new SchedulePauseCommand("pause", "Start nothing of this kind until it is resumed"),
                new SchedulePauseCommand("resume", "Start it again as scheduled; what was due meanwhile is not caught up"),
            },
        });
        Add(new Command("db", "Check the running database, and apply migrations after a restore")
        {
            new DbVerifyIntegrityCommand(),
            new DbMigrateCommand(),
        });
        Add(new Command("evidence", "Check the evidence locker, and make its index anew")
        {
            new EvidenceVerifyCommand(),
            new Command("index", "The index, by which artifacts are looked up")
            {
                new IndexRebuildCommand(),
            },
            new Command("anchor", "The anchors, which seal what was in the locker")
            {
                new AnchorVerifyCommand(),
            },
        });
        Add(new Command("operation", "Look at running and past operations, follow and cancel them")
        {
            new OperationListCommand(),
            new OperationShowCommand(),
            new OperationCancelCommand(),
        });
        Add(new Command("service", "Stop, start and look at the services of the platform")
        {
            new ServiceActionCommand("stop", "Stop services of the platform, in the reverse of their start order"),
            new ServiceActionCommand("start", "Start services of the platform, in their order"),
            new ServiceActionCommand("restart", "Restart services of the platform; all of them when none is named"),
            new ServiceHealthCommand(),
        });
        Add(new Command("wal", "Archive WAL from the server's side, without any service")
        {
            new WalPushCommand(),
        });
        Add(new Command("repo", "Work on a repository itself, without any server")
        {
            new RepoInitCommand(),
            new RepoBackupCommand(),
            new RepoSnapshotsCommand(),
            new RepoRestoreCommand(),
            new RepoCheckCommand(),
            new RepoVerifyCommand(),
            new RepoStatsCommand(),
            new RepoLsCommand(),
            new RepoFindCommand(),
            new RepoDumpCommand(),
            new RepoDiffCommand(),
            new RepoForgetCommand(),
            new RepoUndeleteCommand(),
            new RepoPruneCommand(),
            new RepoCopyCommand(),
            new Command("repair", "Heal a repository: data, index, snapshots")
            {
                new RepoRepairCommand(),
                new RepoRepairIndexCommand(),
                new RepoRepairSnapshotsCommand(),
            },
            new RepoUnlockCommand(),
            new Command("key", "List, add, change and remove the passwords of a repository")
            {
                new RepoKeyListCommand(),
                new RepoKeyAddCommand(replaces: false),
                new RepoKeyAddCommand(replaces: true),
                new RepoKeyRemoveCommand(),
                new RepoKeyRotateCommand(),
            },
        });
        Add(new BackupStatusCommand());
        Add(new DoctorCommand());
        Add(new KeygenCommand());
        Add(new CompletionCommand());
        Add(new VersionCommand());
    }

    /// <summary>For the help text; docs/errors.md lists the codes behind them.</summary>
    public static IReadOnlyList<(string Status, string Meaning)> ExitStatuses { get; } =
    [
        ("0", "done, complete"),
        ("1", "unexpected, or a check or service failed"),
        ("2", "bad input"),
        ("3", "not authenticated, or not allowed"),
        ("4", "not found"),
        ("5", "refused in this state"),
        ("10", "may succeed later: the only status to repeat automatically"),
        ("20", "integrity failure: something is damaged"),
        ("21", "version mismatch"),
        ("22", "storage full"),
        ("23", "confirmation missing"),
        ("24", "incomplete: usable, but something is missing"),
        ("25", "target not reachable"),
        ("130", "interrupted: the work goes on at the server; or cancelled by somebody"),
    ];
}

using System.CommandLine;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Repositories;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository.Queries;
using StellaOps.Backup.Repository.Restore;

namespace StellaOps.Backup.Cli.Commands.Repo;

/// <summary><c>stella repo restore</c>.</summary>
internal sealed class RepoRestoreCommand : RepoCommand
{
    private const int Shown = 20;

    private readonly SnapshotArgument _snapshot = new();
    private readonly SnapshotFilterOptions _filter = new();
    private readonly Option<string> _target = new("--target") { Description = "Directory to restore into; made when it does not exist", HelpName = "DIR", Required = true };
    private readonly Option<string> _subtree = new("--subtree")
    {
        Description = "Restore the content of this directory of the snapshot, or this file, instead of everything", HelpName = "PATH",
    };
    private readonly Option<bool> _delete = new("--delete") { Description = "Delete what the snapshot does not have" };
    private readonly Option<bool> _addOnly = new("--add-only") { Description = "Touch nothing that exists; what differs is reported" };
    private readonly Option<bool> _verifyFirst = new("--verify-first") { Description = "Compare with what is there, and read and check all data that is lacking, before anything is written" };
    private readonly Option<bool> _devices = new("--devices") { Description = "Restore device nodes, too; takes root" };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Say what would be written, and write nothing" };
    private readonly Option<bool> _confirm = new("--confirm") { Description = "Replace what differs in a target that is not empty, without asking" };
    private readonly NoLockOption _noLock = new();

    public RepoRestoreCommand()
        : base("restore", "Restore a snapshot, or a part of it, into a directory")
    {
        Add(_snapshot);
        AddAll(_target, _subtree, _delete, _addOnly, _verifyFirst, _devices, _dryRun, _confirm, _noLock);
        AddAll([.. _filter.All]);
        Validators.Add(result =>
        {
            if (result.GetValue(_delete) && result.GetValue(_addOnly))
            {
                result.AddError("--delete and --add-only exclude each other");
            }
        });
        Examples =
        [
            "stella repo restore latest --target /srv/restored --repo /srv/backups/evidence --password-file /etc/stella/evidence.password",
            "stella repo restore 4f1c --subtree /etc/nginx --target /etc/nginx --delete --confirm",
        ];
    }

    protected override string AfterInterrupt => "Every file that is in the target is whole; run the command again to restore the rest.";

    protected override async Task<int> RunAsync(RepositoryRun run, CancellationToken cancellationToken)
    {
        var target = Path.GetFullPath(run.Value(_target)!);
        var name = run.Value(_snapshot);
        var dryRun = run.Value(_dryRun);
        if (!dryRun && !run.Value(_addOnly) && Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any())
        {
            await run.Session.RequireAsync(
                run.Value(_confirm), $"this replaces what differs in {target}", target, "the same command with --confirm (or with --dry-run)", cancellationToken);
        }

        var started = run.Session.Clock.GetTimestamp();
        var repository = await run.OpenAsync(cancellationToken);
        await run.LockForReadingAsync(repository, run.Value(_noLock), cancellationToken);
        await repository.LoadIndexAsync(cancellationToken);
        var snapshot = await new SnapshotSearch(repository).FindAsync(name, _filter.Read(run.Parsed), cancellationToken);
        run.Progress.Begin(dryRun ? "compare" : "write");
        var restorer = new Restorer(repository);
        var request = new RestoreRequest
        {
            Snapshot = snapshot,
            Subtree = run.Value(_subtree) ?? "/",
            TargetDirectory = target,
            Existing = run.Value(_addOnly) ? ExistingFiles.AddOnly : ExistingFiles.Delta,
            DeleteExtra = run.Value(_delete),
            VerifyFirst = run.Value(_verifyFirst) ? VerifyFirst.WhatDiffers : VerifyFirst.Nothing,
            Devices = run.Value(_devices),
            OnProgress = now => run.Progress.Set(now.Files, now.Bytes, now.TotalFiles, now.TotalBytes),
        };
        var report = await (dryRun ? restorer.PreviewAsync(request, cancellationToken) : restorer.RunAsync(request, cancellationToken));
        await run.DisposeAsync();
        Print(run, snapshot.Id.ToString(), target, report, dryRun, run.Session.Clock.GetElapsedTime(started));
        return report.Conflicts.Count == 0
            ? 0
            : throw new BackupException(ErrorCodes.Incomplete, $"{report.Conflicts.Count} entries of the snapshot were not restored, the first: {report.Conflicts[0].Path}: {report.Conflicts[0].Reason}");
    }

    private static void Print(RepositoryRun run, string snapshot, string target, RestoreReport report, bool dryRun, TimeSpan duration)
    {
        var view = new RestoreView(
            snapshot, target, dryRun, report.FilesWritten, report.FilesUnchanged, report.FilesDeleted, report.BytesWritten,
            duration.TotalSeconds, [.. report.Conflicts.Select(conflict => new ConflictView(conflict.Path, conflict.Reason))], report.Warnings);
        run.Session.PrintResult(view, output =>
        {
            var facts = new Facts();
            facts.Add("snapshot", snapshot);
            facts.Add("target", target);
            facts.Add("files", $"{Units.Count(report.FilesWritten)} written, {Units.Count(report.FilesUnchanged)} unchanged, {Units.Count(report.FilesDeleted)} deleted");
            facts.Add("size", $"{Units.Size(report.BytesWritten)} written");
            facts.Add("duration", Units.Duration(duration));
            facts.WriteTo(output);
            foreach (var line in report.Conflicts.Select(conflict => $"left as it is: {conflict.Path}: {conflict.Reason}").Concat(report.Warnings).Take(Shown))
            {
                output.WriteLine(line);
            }

            if (dryRun)
            {
                output.WriteLine("dry run: nothing was changed");
            }
        });
    }

    internal sealed record RestoreView(
        string Snapshot, string Target, bool DryRun, long FilesWritten, long FilesUnchanged, long FilesDeleted, long BytesWritten,
        double Seconds, IReadOnlyList<ConflictView> Conflicts, IReadOnlyList<string> Warnings);

    internal sealed record ConflictView(string Path, string Reason);
}

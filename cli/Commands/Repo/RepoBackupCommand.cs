using System.CommandLine;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Repositories;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Archive;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Snapshots;

namespace StellaOps.Backup.Cli.Commands.Repo;

/// <summary><c>stella repo backup</c>.</summary>
internal sealed class RepoBackupCommand : RepoCommand
{
    /// <summary>Problems that the table shows; the JSON has all.</summary>
    private const int Shown = 20;

    private readonly Argument<string[]> _paths = new("PATH") { Description = "Files and directories to save", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string> _host = new("--host") { Description = "Host that the snapshot names; this one by default", HelpName = "NAME" };
    private readonly Option<string[]> _tags = new("--tag") { Description = "Tag of the snapshot; may be repeated", HelpName = "TAG" };
    private readonly Option<string[]> _exclude = new("--exclude")
    {
        Description = "Pattern of names, or with a slash of absolute paths, that are left out; may be repeated", HelpName = "PATTERN",
    };
    private readonly Option<bool> _oneFileSystem = new("--one-file-system") { Description = "Save other file systems that are mounted below as empty directories" };
    private readonly Option<bool> _readAll = new("--read-all") { Description = "Read unchanged files, too, instead of taking them from the last snapshot" };

    public RepoBackupCommand()
        : base("backup", "Save files and directories as a snapshot")
    {
        Add(_paths);
        AddAll(_host, _tags, _exclude, _oneFileSystem, _readAll);
        Examples =
        [
            "stella repo backup /var/lib/evidence --repo /srv/backups/evidence --password-file /etc/stella/evidence.password",
            "stella repo backup /etc /srv/www --exclude '*.tmp' --tag before-upgrade",
        ];
    }

    protected override string AfterInterrupt => "No snapshot was made. Run the command again: what is stored already is not stored again.";

    protected override async Task<int> RunAsync(RepositoryRun run, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> paths = [.. run.Value(_paths).Select(Path.GetFullPath).Select(Path.TrimEndingDirectorySeparator).Distinct(StringComparer.Ordinal)];
        ThrowIfMissing(paths);
        var started = run.Session.Clock.GetTimestamp();
        var host = run.Value(_host) ?? Environment.MachineName;
        var repository = await run.OpenAsync(cancellationToken);
        var parent = run.Value(_readAll) ? null : await SnapshotQueries.FindParentAsync(repository, host, paths, [], damaged => PassOver(run, damaged), cancellationToken);
        run.Progress.Begin("read");
        var source = new LocalFileSource(paths, new LocalFileSourceOptions { Exclude = run.Value(_exclude) ?? [], OneFileSystem = run.Value(_oneFileSystem) });
        var result = await ArchiveAsync(run, repository, source, Request(run, paths, host, parent), cancellationToken);
        await run.DisposeAsync();
        Print(run, result, parent, run.Session.Clock.GetElapsedTime(started));
        return result.Problems.Count == 0
            ? 0
            : throw new BackupException(ErrorCodes.Incomplete, $"the snapshot is incomplete: {result.Problems.Count} missing or in doubt, the first: {result.Problems[0].Path}: {result.Problems[0].Reason}");
    }

    private static Task<ArchiveResult> ArchiveAsync(
        RepositoryRun run, ResticRepository repository, IFileSource source, ArchiveRequest request, CancellationToken cancellationToken) =>
        new Archiver(repository, run.Session.Clock).RunAsync(source, request, cancellationToken);

    private ArchiveRequest Request(RepositoryRun run, IReadOnlyList<string> paths, string host, Snapshot? parent) => new()
    {
        Paths = paths,
        Hostname = host,
        Tags = run.Value(_tags) ?? [],
        ProgramVersion = $"stella-ops-backup {ProductVersion.Text}",
        Parent = parent,
        OnProgress = (files, bytes) => run.Progress.Set(files, bytes),
    };

    private static void PassOver(RepositoryRun run, RepositoryException damaged) =>
        run.Session.Warn($"{damaged.Message}; the snapshot is made without it", "Delete nothing: 'stella repo verify' says what else is damaged.");

    private static void ThrowIfMissing(IReadOnlyList<string> paths)
    {
        if (paths.FirstOrDefault(path => !Path.Exists(path)) is { } missing)
        {
            throw new BackupException(ErrorCodes.InvalidInput, $"there is no {missing}", "Name files and directories that exist on this machine.");
        }
    }

    private static void Print(RepositoryRun run, ArchiveResult result, Snapshot? parent, TimeSpan duration)
    {
        var view = new BackupView(
            SnapshotView.Of(result.Snapshot), parent?.Id.ToString(), result.Files, result.FilesNew, result.FilesChanged, result.FilesUnmodified,
            result.Bytes, result.BytesAdded, duration.TotalSeconds,
            [.. result.Problems.Select(problem => new ProblemView(problem.Path, problem.Reason, problem.Vanished))]);
        run.Session.PrintResult(view, output =>
        {
            var facts = new Facts();
            facts.Add("snapshot", view.Snapshot.Id);
            facts.Add("parent", view.Parent);
            facts.Add("files", $"{Units.Count(result.Files)}: {Units.Count(result.FilesNew)} new, {Units.Count(result.FilesChanged)} changed, {Units.Count(result.FilesUnmodified)} unmodified");
            facts.Add("size", $"{Units.Size(result.Bytes)}, {Units.Size(result.BytesAdded)} added");
            facts.Add("duration", Units.Duration(duration));
            facts.WriteTo(output);
            foreach (var problem in result.Problems.Take(Shown))
            {
                output.WriteLine($"missing: {problem.Path}: {problem.Reason}");
            }

            if (result.Problems.Count > Shown)
            {
                output.WriteLine($"missing: and {Units.Count(result.Problems.Count - Shown)} more");
            }
        });
    }

    internal sealed record BackupView(
        SnapshotView Snapshot, string? Parent, long Files, long FilesNew, long FilesChanged, long FilesUnmodified,
        long Bytes, long BytesAdded, double Seconds, IReadOnlyList<ProblemView> Problems);

    internal sealed record ProblemView(string Path, string Reason, bool Vanished);
}

using System.CommandLine;
using StellaOps.Backup.Cli.Repositories;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository.Queries;

namespace StellaOps.Backup.Cli.Commands.Repo;

/// <summary><c>stella repo dump</c>.</summary>
internal sealed class RepoDumpCommand : RepoCommand
{
    private readonly SnapshotArgument _snapshot = new();
    private readonly Argument<string> _path = new("PATH") { Description = "File or directory in the snapshot" };
    private readonly SnapshotFilterOptions _filter = new();

    public RepoDumpCommand()
        : base("dump", "Write a file of a snapshot to standard output; a directory as a tar archive")
    {
        Add(_snapshot);
        Add(_path);
        AddAll([.. _filter.All]);
        Examples =
        [
            "stella repo dump latest /etc/nginx/nginx.conf --repo /srv/backups/config --password-file /etc/stella/config.password",
            "stella repo dump 4f1c /var/lib/evidence",
        ];
    }

    protected override string AfterInterrupt => "What was written to standard output is not whole; run the command again.";

    protected override async Task<int> RunAsync(RepositoryRun run, CancellationToken cancellationToken)
    {
        var repository = await run.OpenWithIndexAsync(cancellationToken);
        var snapshot = await new SnapshotSearch(repository).FindAsync(run.Value(_snapshot), _filter.Read(run.Parsed), cancellationToken);
        var place = await SnapshotPath.FindAsync(repository, snapshot, run.Value(_path), cancellationToken);
        if (place.Node.Subtree is not null && !Console.IsOutputRedirected)
        {
            throw new BackupException(ErrorCodes.InvalidInput, $"'{place.Path}' is a directory, and a tar archive is nothing for a terminal", "Redirect the output: … > archive.tar");
        }

        await using var output = new BufferedStream(Console.OpenStandardOutput(), 1 << 20);
        await new SnapshotDump(repository).WriteAsync(place, output, cancellationToken);
        await output.FlushAsync(cancellationToken);
        return 0;
    }
}

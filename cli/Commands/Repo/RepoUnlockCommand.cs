using System.CommandLine;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Repositories;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Repository.Locks;

namespace StellaOps.Backup.Cli.Commands.Repo;

/// <summary><c>stella repo unlock</c>.</summary>
internal sealed class RepoUnlockCommand : RepoCommand
{
    private readonly Option<bool> _list = new("--list") { Description = "Only list the locks" };
    private readonly Option<bool> _removeAll = new("--remove-all") { Description = "Remove the locks of holders that may be alive, too" };
    private readonly Option<bool> _confirm = new("--confirm") { Description = "Do it without asking" };

    public RepoUnlockCommand()
        : base("unlock", "Remove locks whose holder is gone")
    {
        AddAll(_list, _removeAll, _confirm);
        Examples =
        [
            "stella repo unlock --list --repo /srv/backups/evidence --password-file /etc/stella/evidence.password",
            "stella repo unlock --remove-all --confirm",
        ];
    }

    protected override async Task<int> RunAsync(RepositoryRun run, CancellationToken cancellationToken)
    {
        var repository = await run.OpenAsync(cancellationToken);
        IReadOnlyList<LockInfo> locks;
        if (run.Value(_list))
        {
            locks = await repository.ListLocksAsync(cancellationToken).ToListAsync(cancellationToken);
        }
        else
        {
            if (run.Value(_removeAll))
            {
                await run.Session.RequireAsync(
                    run.Value(_confirm), "this removes the locks of whoever works on the repository now; their work may be lost", repository.Id[..8],
                    "the same command with --confirm (or with --list)", cancellationToken);
            }

            locks = await repository.UnlockAsync(run.Value(_removeAll), cancellationToken);
        }

        await run.Session.PrintListAsync(locks.Select(LockView.Of).ToAsyncEnumerable(), Write, cancellationToken);
        run.Session.Remark(run.Value(_list) ? $"{locks.Count} locks" : $"{locks.Count} locks removed");
        return 0;
    }

    private static void Write(TextWriter output, IReadOnlyList<LockView> locks)
    {
        if (locks.Count == 0)
        {
            return;
        }

        var table = new TextTable("LOCK", "KIND", "HOST", "USER", "PROCESS", "WRITTEN", "STALE").Right(4);
        foreach (var one in locks)
        {
            table.Add(Units.ShortId(one.Id), one.Kind, one.Host ?? "-", one.User ?? "-", one.Process is { } process ? $"{process}" : "-", Units.Time(one.Written), one.Stale ? "yes" : "no");
        }

        table.WriteTo(output);
    }

    internal sealed record LockView(string Id, string Kind, string? Host, string? User, int? Process, DateTimeOffset Written, bool Stale, bool Readable)
    {
        public static LockView Of(LockInfo info) => new(
            info.Id.ToString(), info.Kind == LockKind.Exclusive ? "exclusive" : "shared", info.Hostname, info.Username, info.IsReadable ? info.Pid : null, info.WrittenAt, info.IsStale, info.IsReadable);
    }
}

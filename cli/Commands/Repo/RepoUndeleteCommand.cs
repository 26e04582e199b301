using System.CommandLine;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Repositories;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository.Snapshots;

namespace StellaOps.Backup.Cli.Commands.Repo;

/// <summary><c>stella repo undelete</c>.</summary>
internal sealed class RepoUndeleteCommand : RepoCommand
{
    private readonly Argument<string[]> _snapshots = new("SNAPSHOT") { Description = "Id of a forgotten snapshot, or its first digits", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<bool> _list = new("--list") { Description = "List what can be brought back, and until when" };

    public RepoUndeleteCommand()
        : base("undelete", "Bring forgotten snapshots back while their grace lasts")
    {
        Add(_snapshots);
        Add(_list);
        Examples =
        [
            "stella repo undelete --list --repo /srv/backups/evidence --password-file /etc/stella/evidence.password",
            "stella repo undelete 4f1c",
        ];
    }

    protected override async Task<int> RunAsync(RepositoryRun run, CancellationToken cancellationToken)
    {
        var names = run.Parsed.GetValue(_snapshots) ?? [];
        if (run.Value(_list) == names.Length > 0)
        {
            throw new BackupException(ErrorCodes.InvalidInput, "name the snapshots to bring back, or list them", "'stella repo undelete --list' shows their ids.");
        }

        var repository = await run.OpenAsync(cancellationToken);
        var forgotten = await repository.Forgotten.ListAsync(cancellationToken).OrderByDescending(found => found.ForgottenAt).ToListAsync(cancellationToken);
        var wanted = names.Length == 0 ? forgotten : [.. names.Select(name => Find(forgotten, name)).DistinctBy(found => found.Id)];
        foreach (var snapshot in names.Length == 0 ? [] : wanted)
        {
            await repository.Forgotten.UndeleteAsync(snapshot.Id, cancellationToken);
        }

        await run.Session.PrintListAsync(wanted.Select(ForgottenView.Of).ToAsyncEnumerable(), Write, cancellationToken);
        run.Session.Remark(names.Length == 0 ? $"{wanted.Count} snapshots can be brought back" : $"{wanted.Count} snapshots are back, with all their data");
        return 0;
    }

    private static ForgottenSnapshot Find(IReadOnlyList<ForgottenSnapshot> forgotten, string name) =>
        forgotten.Where(found => found.Id.ToString().StartsWith(name, StringComparison.Ordinal)).ToList() switch
        {
            [var only] => only,
            [] => throw new BackupException(ErrorCodes.SnapshotNotFound, $"no forgotten snapshot's id starts with '{name}'", "'stella repo undelete --list' shows what can be brought back."),
            _ => throw new BackupException(ErrorCodes.InvalidInput, $"several forgotten snapshots start with '{name}'", "Give more digits of the id."),
        };

    private static void Write(TextWriter output, IReadOnlyList<ForgottenView> snapshots)
    {
        if (snapshots.Count == 0)
        {
            return;
        }

        var table = new TextTable("SNAPSHOT", "TIME", "HOST", "PATHS", "FORGOTTEN", "UNTIL", "DAMAGE");
        foreach (var one in snapshots)
        {
            table.Add(Units.ShortId(one.Id), Units.Time(one.Time), one.Host ?? "-", string.Join(' ', one.Paths), Units.Time(one.Forgotten), Units.Time(one.Until), one.Damage ?? "-");
        }

        table.WriteTo(output);
    }

    internal sealed record ForgottenView(string Id, DateTimeOffset? Time, string? Host, IReadOnlyList<string> Paths, DateTimeOffset Forgotten, DateTimeOffset Until, string? Damage)
    {
        public static ForgottenView Of(ForgottenSnapshot found) => new(
            found.Id.ToString(), found.Snapshot?.Time, found.Snapshot?.Hostname, found.Snapshot?.Paths ?? [], found.ForgottenAt, found.ExpiresAt, found.Damage);
    }
}

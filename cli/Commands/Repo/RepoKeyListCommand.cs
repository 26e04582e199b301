using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Repositories;
using StellaOps.Backup.Repository.Keys;

namespace StellaOps.Backup.Cli.Commands.Repo;

/// <summary><c>stella repo key list</c>.</summary>
internal sealed class RepoKeyListCommand : RepoCommand
{
    public RepoKeyListCommand()
        : base("list", "List the passwords of a repository: who set each, and when") =>
        Examples = ["stella repo key list --repo /srv/backups/evidence --password-file /etc/stella/evidence.password"];

    protected override async Task<int> RunAsync(RepositoryRun run, CancellationToken cancellationToken)
    {
        var repository = await run.OpenAsync(cancellationToken);
        var keys = await repository.Keys.ListAsync(cancellationToken);
        await run.Session.PrintListAsync(keys.Select(KeyView.Of).ToAsyncEnumerable(), Write, cancellationToken);
        return 0;
    }

    private static void Write(TextWriter output, IReadOnlyList<KeyView> keys)
    {
        var table = new TextTable("KEY", "CURRENT", "CREATED", "HOST", "USER", "DAMAGE");
        foreach (var key in keys)
        {
            table.Add(Units.ShortId(key.Id), key.Current ? "yes" : "no", Units.Time(key.Created), key.Host ?? "-", key.User ?? "-", key.Damage ?? "-");
        }

        table.WriteTo(output);
    }

    internal sealed record KeyView(string Id, bool Current, DateTimeOffset? Created, string? Host, string? User, string? Damage)
    {
        public static KeyView Of(KeyInfo key) => new(key.Id.ToString(), key.IsCurrent, key.Created?.ToUniversalTime(), key.Hostname, key.Username, key.Damage);
    }
}

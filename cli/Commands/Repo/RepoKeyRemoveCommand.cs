using System.CommandLine;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Repositories;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository.Keys;

namespace StellaOps.Backup.Cli.Commands.Repo;

/// <summary><c>stella repo key remove</c>.</summary>
internal sealed class RepoKeyRemoveCommand : RepoCommand
{
    private readonly Argument<string> _key = new("KEY") { Description = "Id of the key, or its first digits, as 'stella repo key list' shows it" };
    private readonly Option<bool> _confirm = new("--confirm") { Description = "Do it without asking" };

    public RepoKeyRemoveCommand()
        : base("remove", "Take a password back; never the one in use, nor the last one")
    {
        Add(_key);
        Add(_confirm);
        Examples = ["stella repo key remove 4f1c --confirm --repo /srv/backups/evidence --password-file /etc/stella/evidence.password"];
    }

    protected override async Task<int> RunAsync(RepositoryRun run, CancellationToken cancellationToken)
    {
        var repository = await run.OpenAsync(cancellationToken);
        var key = Find(await repository.Keys.ListAsync(cancellationToken), run.Value(_key));
        var id = key.Id.ToString();
        await run.Session.RequireAsync(
            run.Value(_confirm), $"this takes back the password of {key.Username ?? "an unknown user"} on {key.Hostname ?? "an unknown host"}, set {Units.Time(key.Created)}",
            Units.ShortId(id), "the same command with --confirm", cancellationToken);
        await repository.Keys.RemoveAsync(key.Id, cancellationToken);
        run.Session.Print(new RemovedKeyView(id), output => output.WriteLine($"key {id[..16]} removed"));
        return 0;
    }

    private static KeyInfo Find(IReadOnlyList<KeyInfo> keys, string name) =>
        keys.Where(key => key.Id.ToString().StartsWith(name, StringComparison.Ordinal)).ToList() switch
        {
            [var only] => only,
            [] => throw new BackupException(ErrorCodes.InvalidInput, $"no key's id starts with '{name}'", "'stella repo key list' shows the keys."),
            var several => throw new BackupException(
                ErrorCodes.InvalidInput, $"'{name}' may be each of {string.Join(", ", several.Select(key => key.Id.ToString()[..16]))}", "Give more digits of the id."),
        };

    internal sealed record RemovedKeyView(string Removed);
}

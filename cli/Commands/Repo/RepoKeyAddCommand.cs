using System.CommandLine;
using StellaOps.Backup.Cli.Repositories;

namespace StellaOps.Backup.Cli.Commands.Repo;

/// <summary><c>stella repo key add</c>, and <c>passwd</c>, which puts the new password in the place of the one in use.</summary>
internal sealed class RepoKeyAddCommand : RepoCommand
{
    private readonly Option<string> _newPassword = new("--new-password-file") { Description = "File whose first line is the new password", HelpName = "FILE", Required = true };
    private readonly bool _replaces;

    public RepoKeyAddCommand(bool replaces)
        : base(replaces ? "passwd" : "add", replaces ? "Put a new password in the place of the one in use" : "Let one more password open a repository")
    {
        _replaces = replaces;
        Add(_newPassword);
        Examples = [$"stella repo key {Name} --repo /srv/backups/evidence --password-file /etc/stella/evidence.password --new-password-file /etc/stella/evidence.new"];
    }

    protected override string AfterInterrupt => "The old password is valid; 'stella repo key list' shows whether the new one is, too.";

    protected override async Task<int> RunAsync(RepositoryRun run, CancellationToken cancellationToken)
    {
        var password = PasswordFile.Read(run.Value(_newPassword)!);
        var repository = await run.OpenAsync(cancellationToken);
        var added = await (_replaces ? repository.Keys.ChangePasswordAsync(password, cancellationToken) : repository.Keys.AddAsync(password, cancellationToken));
        run.Session.Print(
            new AddedKeyView(added.ToString()),
            output => output.WriteLine($"key {added.ToString()[..16]} opens the repository{(_replaces ? "; the password used until now no longer does" : "")}"));
        return 0;
    }

    internal sealed record AddedKeyView(string Key);
}

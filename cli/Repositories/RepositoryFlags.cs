using System.CommandLine;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Cli.Repositories;

/// <summary>
/// The options that name a repository and its password. With a <c>role</c> they name a second one: <c>from</c> makes them <c>--from-repo</c>,
/// <c>STELLA_FROM_REPOSITORY</c> and so on.
/// </summary>
internal sealed class RepositoryFlags
{
    private readonly Option<string> _repository, _location, _passwordFile;
    private readonly ComponentOption _component;
    private readonly string _repositoryVariable, _passwordVariable;

    public RepositoryFlags(string? role = null)
    {
        var (flag, variable, of) = role is null ? ("--", "STELLA_", "") : ($"--{role}-", $"STELLA_{role.ToUpperInvariant()}_", $" {role} which is read or written");
        (_repositoryVariable, _passwordVariable) = ($"{variable}REPOSITORY", $"{variable}PASSWORD_FILE");
        _repository = new($"{flag}repo") { Description = $"Address of the repository{of} ({_repositoryVariable})", HelpName = "URL" };
        _location = new($"{flag}location") { Description = "Address of the location that holds the repository, with --type in place of --repo", HelpName = "URL" };
        _component = new ComponentOption($"{flag}type", "Component whose repository in the location is meant");
        _passwordFile = new($"{flag}password-file") { Description = $"File whose first line is the repository's password ({_passwordVariable})", HelpName = "FILE" };
        if (role is not null)
        {
            _location.Description = $"Address of the location that holds it, with {flag}type in place of {flag}repo";
        }
    }

    public IEnumerable<Option> All => [_repository, _location, _component, _passwordFile];

    /// <summary>The store that holds the repository. In a location it is the one of the epoch that is in charge.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="create">Makes the location where there is none.</param>
    /// <param name="keep">Gets what the caller disposes at its end.</param>
    /// <param name="cancellationToken">Ends the look into the location.</param>
    /// <exception cref="BackupException">None is named, or two are.</exception>
    /// <exception cref="StorageException">Not an address that is known.</exception>
    public async Task<IObjectStore> OpenStoreAsync(ParseResult parsed, bool create, Action<IAsyncDisposable> keep, CancellationToken cancellationToken)
    {
        var (repository, location, component) = (parsed.GetValue(_repository), parsed.GetValue(_location), parsed.GetValue(_component));
        if (location is null && component is null)
        {
            return Open(repository ?? Variable(_repositoryVariable)
                ?? throw Wrong("no repository is named", $"Name it with {_repository.Name} or {_repositoryVariable}, or with {_location.Name} and {_component.Name}."));
        }

        if (repository is not null)
        {
            throw Wrong($"{_repository.Name} and {_location.Name} name two places", $"Use {_repository.Name}, or {_location.Name} with {_component.Name}.");
        }

        if (location is null || component is null)
        {
            throw Wrong($"{_location.Name} and {_component.Name} belong together", $"Such as {_location.Name} /srv/backups {_component.Name} evidence.");
        }

        var root = Open(location);
        if (create)
        {
            await LocationFile.EnsureAsync(root, cancellationToken);
        }

        return new PrefixStore(root, LocationEpochs.Folder(component, await LocationEpochs.FindAsync(root, component, cancellationToken)));

        IObjectStore Open(string url)
        {
            // A path may be relative here, as everywhere on a command line.
            var store = ObjectStoreFactory.Open(url.Contains("://", StringComparison.Ordinal) ? url : Path.GetFullPath(url));
            keep(store);
            return store;
        }
    }

    /// <summary>The password, from the first line of its file.</summary>
    /// <exception cref="BackupException">There is no such file, or nothing in it.</exception>
    public string ReadPassword(ParseResult parsed) => (parsed.GetValue(_passwordFile) ?? Variable(_passwordVariable)) is { } file
        ? PasswordFile.Read(file)
        : throw Wrong("no password file is named", $"Name it with {_passwordFile.Name} or {_passwordVariable}.");

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static BackupException Wrong(string what, string hint) => new(ErrorCodes.InvalidInput, what, hint);
}

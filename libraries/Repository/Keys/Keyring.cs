using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Locks;
using StellaOps.Backup.Repository.Unpacked;

namespace StellaOps.Backup.Repository.Keys;

/// <summary>
/// The passwords of an open repository: any number may open it, each has a key file of its own around the one master key. Removing a
/// password does not take back what was read with it: whoever had it may have kept the master key.
/// </summary>
public sealed class Keyring
{
    private readonly ResticRepository _repository;
    private readonly RepositoryKeys _keys;
    private readonly MasterKey _master;
    private BlobId _current;

    internal Keyring(ResticRepository repository, MasterKey master, BlobId current) =>
        (_repository, _keys, _master, _current) = (repository, new RepositoryKeys(repository.Store), master, current);

    /// <summary>All key files, the oldest first; damaged ones, too.</summary>
    public async Task<IReadOnlyList<KeyInfo>> ListAsync(CancellationToken cancellationToken = default)
    {
        var found = new List<KeyInfo>();
        await foreach (var id in _keys.ListAsync(cancellationToken).ConfigureAwait(false))
        {
            found.Add(await DescribeAsync(id, cancellationToken).ConfigureAwait(false));
        }

        return [.. found.OrderBy(key => key.Created).ThenBy(key => key.Id)];
    }

    /// <summary>Lets one more password open the repository. When the task ends, it does.</summary>
    /// <returns>Id of its key file.</returns>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Refused"/>: an empty password, or one key too many to be tried.</exception>
    public async Task<BlobId> AddAsync(string password, CancellationToken cancellationToken = default)
    {
        if (string.IsNullOrEmpty(password))
        {
            throw Refused("an empty password was not set: everyone knows it");
        }

        if (await _keys.ListAsync(cancellationToken).CountAsync(cancellationToken).ConfigureAwait(false) >= RepositoryKeys.MostTried)
        {
            throw Refused($"the repository has {RepositoryKeys.MostTried} keys, and no more are tried when it is opened; remove one first");
        }

        return await _keys.AddAsync(_master, password, _repository.Options, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Removes a password, under an exclusive lock. Never the one in use, never the last one that can be read.</summary>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Refused"/> or <see cref="RepositoryFailure.Locked"/>.</exception>
    public async Task RemoveAsync(BlobId id, CancellationToken cancellationToken = default)
    {
        if (id == _current)
        {
            throw Refused($"the key {id} belongs to the password that opened the repository; open it with another one to remove it");
        }

        var held = await _repository.LockAsync(LockKind.Exclusive, cancellationToken).ConfigureAwait(false);
        await using (held.ConfigureAwait(false))
        {
            var keys = await ListAsync(cancellationToken).ConfigureAwait(false);
            if (keys.All(key => key.Id != id))
            {
                throw Refused($"there is no key {id}");
            }

            if (!keys.Any(key => key.Damage is null && key.Id != id))
            {
                throw Refused($"the key {id} is the last one: without it nobody can read the repository");
            }

            await _keys.RemoveAsync(id, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Puts a password in the place of the one that opened the repository.</summary>
    /// <returns>Id of the new key file.</returns>
    /// <exception cref="RepositoryException">As adding and removing; where only the removal failed, both passwords are valid.</exception>
    public async Task<BlobId> ChangePasswordAsync(string password, CancellationToken cancellationToken = default)
    {
        var added = await AddAsync(password, cancellationToken).ConfigureAwait(false);

        // Durable now: the new password opens the repository. A crash here leaves both valid, never none.
        await RequireOpensAsync(added, password, cancellationToken).ConfigureAwait(false);
        var old = _current;
        _current = added;
        try
        {
            await RemoveAsync(old, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            _current = old;
            throw;
        }

        return added;
    }

    /// <summary>Reads the key back: a password that a store has lost must not take the place of one that works.</summary>
    private async Task RequireOpensAsync(BlobId id, string password, CancellationToken cancellationToken)
    {
        using var master = KeyFile.TryOpen(await _keys.LoadAsync(id, cancellationToken).ConfigureAwait(false), password);
        if (master is null)
        {
            throw new RepositoryException(RepositoryFailure.Damaged, $"{RepositoryFile.Key(FileKind.Key, id)} does not read back as it was written; the old password stays");
        }
    }

    private async Task<KeyInfo> DescribeAsync(BlobId id, CancellationToken cancellationToken)
    {
        try
        {
            var file = KeyFile.Decode(await _keys.LoadAsync(id, cancellationToken).ConfigureAwait(false));
            return new KeyInfo { Id = id, IsCurrent = id == _current, Created = file.Created, Username = file.Username, Hostname = file.Hostname };
        }
        catch (RepositoryException exception)
        {
            return new KeyInfo { Id = id, IsCurrent = id == _current, Damage = exception.Message };
        }
    }

    private static RepositoryException Refused(string why) => new(RepositoryFailure.Refused, why);
}

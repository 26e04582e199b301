using System.Runtime.CompilerServices;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Keys;

/// <summary>The key files of a repository: one for each password, all around the same master key.</summary>
internal sealed class RepositoryKeys(IObjectStore store, DerivedKeys? derived = null)
{
    /// <summary>Trying a key costs a quarter of a second; restic stops here, too. So a key beyond it may never be found.</summary>
    internal const int MostTried = 20;
    private const int LargestFile = 64 << 10;

    /// <summary>The keys that the password opens, with their files, in the order of the listing: more than one only after interrupted inits.</summary>
    /// <param name="unusable">Takes the failures of files that could not be tried.</param>
    /// <param name="password">Password as typed.</param>
    /// <param name="cancellationToken">Stops between two files.</param>
    internal async IAsyncEnumerable<(BlobId File, MasterKey Master)> OpenAsync(
        string password, ICollection<RepositoryException> unusable, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var tried = 0;
        await foreach (var id in ListAsync(cancellationToken).ConfigureAwait(false))
        {
            if (tried++ == MostTried)
            {
                yield break;
            }

            MasterKey? master = null;
            try
            {
                master = KeyFile.TryOpen(await LoadAsync(id, cancellationToken).ConfigureAwait(false), password, derived);
            }
            catch (RepositoryException exception)
            {
                unusable.Add(new RepositoryException(exception.Failure, $"{RepositoryFile.Key(FileKind.Key, id)}: {exception.Message}", exception));
            }

            if (master is not null)
            {
                yield return (id, master);
            }
        }
    }

    internal async Task<BlobId> AddAsync(MasterKey master, string password, RepositoryOptions options, CancellationToken cancellationToken)
    {
        var content = KeyFile.Create(master, password, options);
        var id = BlobId.Of(content);
        await store.PutAsync(RepositoryFile.Key(FileKind.Key, id), content, PutMode.Create, cancellationToken).ConfigureAwait(false);
        return id;
    }

    internal ValueTask RemoveAsync(BlobId id, CancellationToken cancellationToken) =>
        store.DeleteAsync(RepositoryFile.Key(FileKind.Key, id), cancellationToken);

    internal async IAsyncEnumerable<BlobId> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var found in store.ListAsync(RepositoryFile.Folder(FileKind.Key), cancellationToken).ConfigureAwait(false))
        {
            if (RepositoryFile.TryParse(FileKind.Key, found.Key, out var id))
            {
                yield return id;
            }
        }
    }

    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Damaged"/>.</exception>
    internal async ValueTask<byte[]> LoadAsync(BlobId id, CancellationToken cancellationToken)
    {
        var content = await store.ReadAllAsync(RepositoryFile.Key(FileKind.Key, id), LargestFile, cancellationToken).ConfigureAwait(false);
        return BlobId.Of(content) == id
            ? content
            : throw new RepositoryException(RepositoryFailure.Damaged, "the key file's content does not match its name");
    }
}

using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Locks;
using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Exporting;

/// <summary>
/// Decides which files of a repository make, on their own, a repository that holds some of its snapshots: config, all keys, the snapshots, the packs
/// with anything that they need, as they are, and an index of these packs, which is written anew. Nothing is decrypted but trees, so whoever has
/// the list can copy the files without any password.
/// </summary>
public sealed class RepositoryExport(ResticRepository source)
{
    /// <param name="snapshots">Ids, as they are in this repository.</param>
    /// <param name="to">Takes the new index files.</param>
    /// <param name="indexes">How their keys begin there; then comes the id.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>The files, in the order in which a reader wants them: what opens the repository first, packs last, by their names.</returns>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Damaged"/>: something that the snapshots need is missing.</exception>
    public async Task<IReadOnlyList<ExportedFile>> RunAsync(IReadOnlyCollection<BlobId> snapshots, IObjectStore to, string indexes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(snapshots);
        ArgumentNullException.ThrowIfNull(to);
        var held = await source.LockAsync(LockKind.Shared, cancellationToken).ConfigureAwait(false);
        await using (held.ConfigureAwait(false))
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, held.Lost);
            await source.LoadIndexAsync(stop.Token).ConfigureAwait(false);
            var files = new List<ExportedFile> { await ReadAsync(RepositoryFile.Config, stop.Token).ConfigureAwait(false) };
            await foreach (var (id, _) in source.Parts.Files.ListAsync(FileKind.Key, stop.Token).ConfigureAwait(false))
            {
                files.Add(await ReadAsync(RepositoryFile.Key(FileKind.Key, id), stop.Token).ConfigureAwait(false));
            }

            var wanted = new List<Snapshot>();
            foreach (var id in snapshots)
            {
                wanted.Add(await source.LoadSnapshotAsync(id, stop.Token).ConfigureAwait(false));
                files.Add(await ReadAsync(RepositoryFile.Key(FileKind.Snapshot, id), stop.Token).ConfigureAwait(false));
            }

            var packs = await PacksAsync(wanted, stop.Token).ConfigureAwait(false);
            files.AddRange(await WriteIndexAsync(packs, new IndexSink(to, indexes), stop.Token).ConfigureAwait(false));
            files.AddRange(await FilesOfAsync(packs, stop.Token).ConfigureAwait(false));
            return files;
        }
    }

    /// <summary>Packs of which the snapshots need anything, whole, by their names.</summary>
    private async Task<IReadOnlyList<IndexedPack>> PacksAsync(IReadOnlyList<Snapshot> snapshots, CancellationToken cancellationToken)
    {
        var walk = new TreeWalk(source.Reader, source.Index, source.Options.Readers);
        var used = await walk.RunAsync(snapshots.Select(snapshot => snapshot.Tree), visited: null, cancellationToken).ConfigureAwait(false);
        foreach (var (tree, why) in used.UnreadableTrees)
        {
            throw new RepositoryException(RepositoryFailure.Damaged, $"tree {tree} cannot be read: {why}");
        }

        foreach (var ((type, id), _) in used.Missing)
        {
            throw new RepositoryException(RepositoryFailure.Damaged, $"{BlobReader.Name(type)} {id} is missing: no index file names it");
        }

        return [.. source.Index.Packs().Where(used.IsUsed).Select(range => new IndexedPack(range.Pack, source.Index.EntriesOf(range))).OrderBy(pack => pack.Id.ToString(), StringComparer.Ordinal)];
    }

    private async Task<IReadOnlyList<ExportedFile>> WriteIndexAsync(IReadOnlyList<IndexedPack> packs, IndexSink sink, CancellationToken cancellationToken)
    {
        using var writer = new IndexWriter(source.Parts.Files.At(sink), source.Options.Clock);
        foreach (var pack in packs)
        {
            await writer.AddAsync(pack, cancellationToken).ConfigureAwait(false);
        }

        await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
        return sink.Written;
    }

    /// <summary>The packs as the store lists them: one that is not there, or has another length, is found before anything is copied.</summary>
    private async Task<IEnumerable<ExportedFile>> FilesOfAsync(IReadOnlyList<IndexedPack> packs, CancellationToken cancellationToken)
    {
        var stored = await source.Parts.Files.ListAsync(FileKind.Pack, cancellationToken).ToDictionaryAsync(file => file.Id, file => file.Length, cancellationToken: cancellationToken).ConfigureAwait(false);
        return packs.Select(pack => new ExportedFile(
            RepositoryFile.Key(FileKind.Pack, pack.Id),
            stored.TryGetValue(pack.Id, out var length) ? length : throw new RepositoryException(RepositoryFailure.Damaged, $"pack {pack.Id} is missing"),
            pack.Id.ToString())).ToList();
    }

    private async Task<ExportedFile> ReadAsync(string key, CancellationToken cancellationToken)
    {
        const int largest = 64 << 20; // Snapshots name each file of a request; all others are small.
        var content = await source.Store.ReadAllAsync(key, largest, cancellationToken).ConfigureAwait(false);
        return new ExportedFile(key, content.Length, BlobId.Of(content).ToString());
    }
}

using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>
/// Reads what files need for nothing but to know that it is whole: each blob is authenticated, and not opened, which finds all that a
/// store can do to it. In windows of 32,768 blobs, about 10 MiB; within one, a part of a pack is read once.
/// </summary>
internal sealed class BlobVerification(ResticRepository repository, int workers) : IDisposable
{
    private const int MostBlobs = 32_768;

    private readonly List<Wanted<string>> _wanted = [];
    private readonly SortedSet<string> _damages = new(StringComparer.Ordinal);
    private readonly OpeningTurns _turns = new(Environment.ProcessorCount, repository.Parts.Codec);
    private readonly SemaphoreSlim _adding = new(1);

    /// <summary>Adds blobs of a file; reads when there are enough. From any thread.</summary>
    /// <param name="file">The file.</param>
    /// <param name="names">Its path.</param>
    /// <param name="lacks">For each of its blobs whether it is wanted; null for all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask AddAsync(Node file, EntryName[] names, bool[]? lacks, CancellationToken cancellationToken)
    {
        var path = RestorePlanner.Show(names);
        await _adding.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            for (var blob = 0; blob < file.Content.Count; blob++)
            {
                if (lacks?[blob] == false)
                {
                    continue;
                }

                var id = file.Content[blob];
                var location = repository.Blobs.Find(BlobType.Data, id) ?? throw new InvalidOperationException("the planner found every blob");
                _wanted.Add(new Wanted<string>(id, location, path));
                if (_wanted.Count >= MostBlobs)
                {
                    await ReadAsync(cancellationToken).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            _adding.Release();
        }
    }

    /// <summary>Reads the rest.</summary>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Damaged"/>, with all that are.</exception>
    public async Task EndAsync(CancellationToken cancellationToken)
    {
        await ReadAsync(cancellationToken).ConfigureAwait(false);
        RestorePlanner.ThrowIfDamaged([.. _damages]);
    }

    public void Dispose()
    {
        _turns.Dispose();
        _adding.Dispose();
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        var reader = new PackRangeReader(repository.Reader, repository.Parts.Codec, repository.Parts.Ranges, _turns);
        Wanted<string>[] wanted = [.. _wanted];
        _wanted.Clear();
        var options = new ParallelOptions { MaxDegreeOfParallelism = workers, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(PackRanges.Merge(wanted), options, async (range, token) =>
            await reader.AuthenticateAsync(range, Note, token).ConfigureAwait(false)).ConfigureAwait(false);
    }

    private void Note(RepositoryException damage, ReadOnlyMemory<Wanted<string>> waiting)
    {
        lock (_damages)
        {
            _damages.Add($"{waiting.Span[0].For}: {damage.Message}");
        }
    }
}

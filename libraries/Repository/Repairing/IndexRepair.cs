using System.Collections.Concurrent;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Unpacked;

namespace StellaOps.Backup.Repository.Repairing;

/// <summary>
/// Writes the index anew from the packs that are there: for lost or damaged index files, and for packs that are gone. Packs that a prune has
/// marked stay out of it unless something needs them.
/// </summary>
public sealed class IndexRepair(ResticRepository repository)
{
    /// <summary>Works under an exclusive lock; may be killed at any time, and run again.</summary>
    /// <param name="readAllPacks">Reads every pack's header, and trusts no index file.</param>
    /// <param name="dryRun">Says what would change, and changes nothing.</param>
    /// <param name="cancellationToken">Stops between two packs.</param>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Locked"/>.</exception>
    public Task<IndexRepairReport> RunAsync(bool readAllPacks = false, bool dryRun = false, CancellationToken cancellationToken = default) =>
        repository.WriteExclusivelyAsync(token => RunLockedAsync(readAllPacks, dryRun, token), cancellationToken);

    private async Task<(IndexRepairReport Report, BlobIndex? Index)> RunLockedAsync(bool readAllPacks, bool dryRun, CancellationToken cancellationToken)
    {
        var damaged = new ConcurrentBag<BlobId>();
        var contents = await RepositoryContents.ReadAsync(
            repository.Parts.Files, repository.Options, (kind, id, _) => Note(damaged, kind, id), cancellationToken).ConfigureAwait(false);
        var marked = new MarkedPacks(repository.Parts);
        var unneeded = await marked.FindUnneededAsync(contents, new HashSet<BlobId>(), cancellationToken).ConfigureAwait(false);
        var survey = await PackSurvey.RunAsync(repository.Parts, contents, unneeded, readAllPacks, cancellationToken).ConfigureAwait(false);
        var changes = survey.ChangesIndex || !damaged.IsEmpty;
        var report = new IndexRepairReport
        {
            DryRun = dryRun,
            Changed = changes,
            Packs = survey.Packs.Count,
            HeadersRead = survey.HeadersRead,
            DamagedIndexFiles = [.. damaged.Select(id => RepositoryFile.Key(FileKind.Index, id))],
            MissingPacks = [.. contents.Index.Packs().Select(range => range.Pack).Distinct().Where(pack => !contents.Packs.ContainsKey(pack)).Select(Key)],
            UnreadablePacks = [.. survey.Unreadable.Select(Key)],
        };
        if (dryRun || !changes)
        {
            return (report, null);
        }

        await marked.UnmarkOthersAsync(cancellationToken).ConfigureAwait(false);
        await IndexReplacement.RunAsync(repository.Parts, survey.Packs, contents.IndexFiles, cancellationToken).ConfigureAwait(false);
        var index = new BlobIndex();
        foreach (var pack in survey.Packs)
        {
            index.Add(pack);
        }

        return (report, index);
    }

    private static void Note(ConcurrentBag<BlobId> damaged, FileKind kind, BlobId id)
    {
        if (kind == FileKind.Index)
        {
            damaged.Add(id);
        }
    }

    private static string Key(BlobId pack) => RepositoryFile.Key(FileKind.Pack, pack);
}

/// <summary>What a repair of the index did, or would do. Objects are named by their key.</summary>
public sealed record IndexRepairReport
{
    public required bool DryRun { get; init; }

    /// <summary>False when the index files said what is there, and were left alone.</summary>
    public required bool Changed { get; init; }

    /// <summary>Packs that the index names now.</summary>
    public required int Packs { get; init; }
    public required int HeadersRead { get; init; }
    public required IReadOnlyList<string> DamagedIndexFiles { get; init; }

    /// <summary>Packs that index files named and that are gone.</summary>
    public required IReadOnlyList<string> MissingPacks { get; init; }

    /// <summary>Packs that nothing describes; they are left alone until a prune removes them.</summary>
    public required IReadOnlyList<string> UnreadablePacks { get; init; }
}

using System.Collections.Concurrent;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking.Reads;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Repository.Unpacked;

namespace StellaOps.Backup.Repository.Checking;

/// <summary>One check, or verify, of a repository: collects what is wrong, then asks which snapshots that hurts.</summary>
internal sealed class RepositoryCheck(RepositoryParts parts)
{
    private readonly ConcurrentBag<Finding> _findings = [];
    private long _bytesRead, _packsRead;

    /// <summary>Structure only: everything that is needed is there, has the right size, and is named by an index.</summary>
    internal Task<CheckReport> CheckAsync(CancellationToken cancellationToken) => RunAsync(verify: null, cancellationToken);

    /// <summary>Structure, and every byte of the packs that the wanted snapshots need.</summary>
    internal Task<CheckReport> VerifyAsync(VerifyRequest request, CancellationToken cancellationToken) => RunAsync(request, cancellationToken);

    private async Task<CheckReport> RunAsync(VerifyRequest? verify, CancellationToken cancellationToken)
    {
        await new RepositoryIdentityCheck(parts, Found).RunAsync(cancellationToken).ConfigureAwait(false);
        var contents = await RepositoryContents.ReadAsync(parts.Files, parts.Options, FoundDamagedFile, cancellationToken).ConfigureAwait(false);
        var walk = new TreeWalk(new BlobReader(parts.Store, contents.Index, parts.Codec), contents.Index, parts.Options.Readers);
        var wanted = Wanted(contents, verify).ToList();
        var indexed = contents.Index.Packs();
        var unindexed = contents.Packs.Where(pack => !contents.Index.ContainsPack(pack.Key)).ToList();
        var used = await walk.RunAsync(wanted, visited: null, cancellationToken).ConfigureAwait(false);
        if (!used.Missing.IsEmpty && unindexed.Count > 0)
        {
            used = await SalvageAsync(contents.Index, unindexed, walk, wanted, used, cancellationToken).ConfigureAwait(false);
        }

        // Without a choice of snapshots every pack counts; with one only those that hold what they need.
        var packs = PacksOf(contents.Index, indexed, verify?.Snapshots is null ? _ => true : range => IsUsed(used, range));
        var sound = FindWrongSizes(contents, packs);
        FindLost(used);
        using var memory = verify is { Share: null, Remember: false } or null
            ? null
            : await ReadMemory.LoadAsync(parts, contents.Packs.ContainsKey, cancellationToken).ConfigureAwait(false);
        if (verify is not null)
        {
            var chosen = verify.Share is { } share ? PackRotation.Choose(share, sound, memory!.LastRead, parts.Options.Clock.GetUtcNow()) : sound;
            await VerifyPacksAsync(chosen, verify, memory, cancellationToken).ConfigureAwait(false);
        }

        return new CheckReport
        {
            Damages = await TraceAsync(contents, walk, cancellationToken).ConfigureAwait(false),
            Packs = packs.Count,
            Blobs = used.Count,
            PacksRead = _packsRead,
            BytesRead = _bytesRead,
            AllReadSince = packs.Select(pack => memory?.LastRead(pack.Id)).Order(Comparer<DateTimeOffset?>.Default).FirstOrDefault(),
            IsRemembered = memory?.IsKept ?? true,
            UnindexedPacks = unindexed.Count,
        };
    }

    private IEnumerable<BlobId> Wanted(RepositoryContents contents, VerifyRequest? verify)
    {
        if (verify?.Snapshots is not { } wanted)
        {
            return contents.Snapshots.Select(snapshot => snapshot.Tree);
        }

        foreach (var lost in wanted.Except(contents.Snapshots.Select(snapshot => snapshot.Id)).Except(_findings.SelectMany(finding => finding.Snapshots)))
        {
            Found(new Finding(DamageKind.Snapshot, RepositoryFile.Key(FileKind.Snapshot, lost), "it is missing") { Snapshots = [lost] });
        }

        return contents.Snapshots.Where(snapshot => wanted.Contains(snapshot.Id)).Select(snapshot => snapshot.Tree);
    }

    private static bool IsUsed(UsedBlobs used, BlobIndex.PackRange range) =>
        Enumerable.Range(range.First, range.Count).Any(used.IsUsed);

    private List<IndexedPack> PacksOf(BlobIndex index, IReadOnlyList<BlobIndex.PackRange> ranges, Func<BlobIndex.PackRange, bool> isWanted)
    {
        var packs = new Dictionary<BlobId, IndexedPack>();
        foreach (var range in ranges.Where(isWanted))
        {
            if (!packs.TryAdd(range.Pack, new IndexedPack(range.Pack, index.EntriesOf(range))))
            {
                Found(new Finding(DamageKind.Index, RepositoryFile.Key(FileKind.Pack, range.Pack), "index files describe this pack differently"));
            }
        }

        return [.. packs.Values];
    }

    /// <returns>The packs that are there with the size that they should have.</returns>
    private List<IndexedPack> FindWrongSizes(RepositoryContents contents, List<IndexedPack> packs)
    {
        var sound = new List<IndexedPack>(packs.Count);
        foreach (var pack in packs)
        {
            var expected = PackHeader.PackLength(pack.Entries);
            if (!contents.Packs.TryGetValue(pack.Id, out var length))
            {
                FoundPack(pack, new PackProblem(DamageKind.PackMissing, "it is missing", []));
            }
            else if (length != expected)
            {
                FoundPack(pack, new PackProblem(DamageKind.PackSize, $"it has {length} bytes instead of {expected}", []));
            }
            else
            {
                sound.Add(pack);
            }
        }

        return sound;
    }

    private void FindLost(UsedBlobs used)
    {
        foreach (var (type, id) in used.Missing.Keys)
        {
            Found(new Finding(DamageKind.BlobMissing, $"{BlobReader.Name(type)} {id}", "no index file names it") { Blobs = [(type, id)] });
        }

        foreach (var (tree, why) in used.UnreadableTrees)
        {
            Found(new Finding(DamageKind.Tree, $"tree {tree}", why) { Blobs = [(BlobType.Tree, tree)] });
        }
    }

    /// <summary>
    /// An index file may be lost: what it named is still in packs. Their headers say what, so that the walk gets further and the damage
    /// is known in full.
    /// </summary>
    private async Task<UsedBlobs> SalvageAsync(
        BlobIndex index, List<KeyValuePair<BlobId, long>> unindexed, TreeWalk walk, List<BlobId> wanted, UsedBlobs used, CancellationToken cancellationToken)
    {
        var before = index.Packs().Count;
        var reader = new PackReader(parts.Store, parts.Sealer);
        foreach (var (pack, length) in unindexed)
        {
            try
            {
                index.Add(new IndexedPack(pack, await reader.ReadHeaderAsync(pack, length, cancellationToken).ConfigureAwait(false)));
            }
            catch (RepositoryException exception) when (exception.Failure == RepositoryFailure.Damaged)
            {
                // In no index and not readable: the blobs that it might hold stay missing.
            }
        }

        used = await walk.RunAsync(wanted, visited: null, cancellationToken).ConfigureAwait(false);
        foreach (var range in index.Packs().Skip(before).Where(range => IsUsed(used, range)))
        {
            var needed = index.EntriesOf(range).Where((_, i) => used.IsUsed(range.First + i)).Select(entry => (entry.Type, entry.Id)).ToList();
            Found(new Finding(DamageKind.NotIndexed, RepositoryFile.Key(FileKind.Pack, range.Pack), $"no index file names it, and snapshots need {needed.Count} of its blobs: an index file is missing") { Blobs = needed });
        }

        return used;
    }

    private async Task VerifyPacksAsync(List<IndexedPack> packs, VerifyRequest request, ReadMemory? memory, CancellationToken cancellationToken)
    {
        var verifier = new PackVerifier(parts.Store, parts.Sealer, parts.Codec);
        var total = packs.Sum(pack => PackHeader.PackLength(pack.Entries));
        var progress = new Lock();

        // More than can be proven at the same time: the others wait for the store meanwhile.
        var options = new ParallelOptions { MaxDegreeOfParallelism = parts.Options.Readers + 2, CancellationToken = cancellationToken };
        // By their names, which are random: packs that keep the processors busy mix with packs that only have to be read.
        await Parallel.ForEachAsync(packs.OrderBy(pack => pack.Id), options, async (pack, token) =>
        {
            if (await verifier.VerifyAsync(pack.Id, pack.Entries, token).ConfigureAwait(false) is { } problem)
            {
                FoundPack(pack, problem);
            }
            else if (memory is not null)
            {
                await memory.AddAsync(pack.Id, token).ConfigureAwait(false);
            }

            lock (progress)
            {
                _bytesRead += PackHeader.PackLength(pack.Entries);
                _packsRead++;
                request.OnProgress?.Invoke(new VerifyProgress(_packsRead, packs.Count, _bytesRead, total));
            }
        }).ConfigureAwait(false);
        if (memory is not null)
        {
            await memory.SaveAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Another walk, only where something was found: who needs it?</summary>
    private async Task<IReadOnlyList<RepositoryDamage>> TraceAsync(RepositoryContents contents, TreeWalk walk, CancellationToken cancellationToken)
    {
        if (_findings.IsEmpty)
        {
            return [];
        }

        var tracer = await DamageTracer.RunAsync(walk, contents.Snapshots, _findings.SelectMany(finding => finding.Blobs), cancellationToken).ConfigureAwait(false);

        // What a damaged index file named is not known; the blobs that are missing now are its victims.
        var lost = _findings.Where(finding => finding.Kind is DamageKind.BlobMissing or DamageKind.NotIndexed).SelectMany(finding => finding.Blobs).ToList();
        return [.. _findings.OrderBy(finding => finding.Kind).ThenBy(finding => finding.Object, StringComparer.Ordinal).Select(finding => new RepositoryDamage
        {
            Kind = finding.Kind,
            Object = finding.Object,
            Detail = finding.Detail,
            Snapshots = finding.Snapshots.Count > 0 ? finding.Snapshots : tracer.SnapshotsThatNeed(finding.Kind == DamageKind.Index ? lost : finding.Blobs),
        })];
    }

    private void FoundPack(IndexedPack pack, PackProblem problem)
    {
        var blobs = problem.Blobs.Count > 0 ? problem.Blobs : pack.Entries;
        Found(new Finding(problem.Kind, RepositoryFile.Key(FileKind.Pack, pack.Id), problem.Detail) { Blobs = [.. blobs.Select(entry => (entry.Type, entry.Id))] });
    }

    private void FoundDamagedFile(FileKind kind, BlobId id, RepositoryException exception)
    {
        var isSnapshot = kind == FileKind.Snapshot;
        Found(new Finding(isSnapshot ? DamageKind.Snapshot : DamageKind.Index, RepositoryFile.Key(kind, id), exception.Message) { Snapshots = isSnapshot ? [id] : [] });
    }

    private void Found(Finding finding) => _findings.Add(finding);
}

/// <summary>Something wrong, before it is known whom it hurts.</summary>
internal sealed record Finding(DamageKind Kind, string Object, string Detail)
{
    internal IReadOnlyList<(BlobType, BlobId)> Blobs { get; init; } = [];

    internal IReadOnlyList<BlobId> Snapshots { get; init; } = [];
}

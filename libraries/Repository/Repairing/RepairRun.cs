using System.Collections.Concurrent;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Copying;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Unpacked;

namespace StellaOps.Backup.Repository.Repairing;

/// <summary>One repair, under the exclusive lock that the caller holds.</summary>
internal sealed class RepairRun(ResticRepository repository, RepairRequest request)
{
    private readonly RepositoryParts _parts = repository.Parts;
    private readonly BlobIndex _index = new();
    private readonly ConcurrentDictionary<BlobId, IReadOnlyList<PackEntry>> _strays = new();
    private readonly BlobFetch _fetch = new(request.Sources);

    internal async Task<(RepairReport Report, BlobIndex? Index)> RunAsync(CancellationToken cancellationToken)
    {
        // (1) What is damaged.
        var damage = request.Damage ?? await repository.VerifyAsync(new VerifyRequest { OnProgress = request.OnVerify }, cancellationToken).ConfigureAwait(false);
        var identity = new IdentityRepair(repository, request);
        await identity.RunAsync(damage, cancellationToken).ConfigureAwait(false);
        var damagedIndexes = 0;
        var contents = await RepositoryContents.ReadAsync(
            _parts.Files, repository.Options, (kind, _, _) => Interlocked.Add(ref damagedIndexes, kind == FileKind.Index ? 1 : 0), cancellationToken).ConfigureAwait(false);
        var bad = BadPacks(damage, contents.Index);
        var marked = new MarkedPacks(_parts);
        var unneeded = await marked.FindUnneededAsync(contents, bad, cancellationToken).ConfigureAwait(false);
        await FindDamagedStraysAsync(contents, unneeded, cancellationToken).ConfigureAwait(false);
        bad.UnionWith(_strays.Keys);

        // (2) What is there without it.
        var survey = await PackSurvey.RunAsync(_parts, contents, bad.Union(unneeded).ToHashSet(), readAll: false, cancellationToken).ConfigureAwait(false);
        foreach (var pack in survey.Packs)
        {
            _index.Add(pack);
        }

        // (3) New packs, with what is intact in damaged ones and what others have. Then they are named by index files of their own.
        var snapshots = await SnapshotRecovery.PlanAsync(repository, request, damage, contents.Snapshots, cancellationToken).ConfigureAwait(false);
        List<Snapshot> roots = [.. contents.Snapshots, .. snapshots.Found.Select(found => found.Copy), .. await ForgottenAsync(contents.Snapshots, cancellationToken).ConfigureAwait(false)];
        var salvage = new PackSalvage(_parts, _index);
        UsedBlobs used;
        var writer = repository.NewWriter(_index, options: null, disposed: null);
        await using (writer.ConfigureAwait(false))
        {
            await SalvageAsync(salvage, bad, contents, request.DryRun ? null : writer, cancellationToken).ConfigureAwait(false);
            used = await FetchAsync(roots, request.DryRun ? null : writer, cancellationToken).ConfigureAwait(false);
        }

        var lost = request.DryRun ? [] : await LostAsync(used, roots, cancellationToken).ConfigureAwait(false);

        // (4) Index files without the damaged packs, (5) snapshots, (6) the packs that nobody needs now. Each is durable before the next.
        var rewrites = survey.ChangesIndex || damagedIndexes > 0;
        IReadOnlyList<CopiedSnapshot> restored = [.. snapshots.Found.Select(found => new CopiedSnapshot(found.Lost, found.Copy.Id))];
        if (!request.DryRun)
        {
            if (rewrites)
            {
                await marked.UnmarkOthersAsync(cancellationToken).ConfigureAwait(false);
                await IndexReplacement.RunAsync(_parts, survey.Packs, contents.IndexFiles, cancellationToken).ConfigureAwait(false);
            }

            restored = await snapshots.SaveAsync([.. lost.SelectMany(blob => blob.Snapshots)], cancellationToken).ConfigureAwait(false);
            await DeleteUnneededAsync(bad, contents, lost, cancellationToken).ConfigureAwait(false);
        }

        var report = new RepairReport
        {
            DryRun = request.DryRun,
            Damages = damage.Damages,
            BlobsSalvaged = salvage.Salvaged,
            BlobsFetched = _fetch.Fetched,
            PacksDropped = [.. bad.Order().Select(pack => RepositoryFile.Key(FileKind.Pack, pack))],
            IndexRewritten = rewrites,
            SnapshotsRestored = restored,
            Lost = lost,
            Remaining = [.. identity.Remaining, .. snapshots.Remaining],
        };
        return (report, request.DryRun ? null : _index);
    }

    /// <summary>Forgotten snapshots that can be brought back: what only they need is healed, too, before a damaged pack of it goes for good.</summary>
    private ValueTask<List<Snapshot>> ForgottenAsync(IReadOnlyList<Snapshot> live, CancellationToken cancellationToken)
    {
        var (ids, now) = (live.Select(snapshot => snapshot.Id).ToHashSet(), repository.Options.Clock.GetUtcNow());
        return new ForgottenFiles(_parts).ListReadableAsync(cancellationToken)
            .Where(found => found.Record.ExpiresAt > now && !ids.Contains(found.Snapshot.Id)).Select(found => found.Snapshot).ToListAsync(cancellationToken);
    }

    private static HashSet<BlobId> BadPacks(CheckReport damage, BlobIndex index)
    {
        var bad = new HashSet<BlobId>();
        foreach (var found in damage.Damages)
        {
            if (found.Kind is DamageKind.PackContent or DamageKind.PackSize or DamageKind.PackMissing && RepositoryFile.TryParse(FileKind.Pack, found.Object, out var pack))
            {
                bad.Add(pack);
            }
            else if (found.Kind == DamageKind.Tree && BlobId.TryParse(found.Object.AsSpan(found.Object.LastIndexOf(' ') + 1), out var tree))
            {
                bad.UnionWith(index.FindAll(BlobType.Tree, tree).Select(location => location.Pack));
            }
        }

        return bad;
    }

    /// <summary>
    /// A verify does not read packs that no index file names. Their headers may be all that is left of a lost index file; but an earlier repair may
    /// have dropped them because they are damaged, so they are read whole before they are named again.
    /// </summary>
    private async Task FindDamagedStraysAsync(RepositoryContents contents, HashSet<BlobId> unneeded, CancellationToken cancellationToken)
    {
        var reader = new PackReader(_parts.Store, _parts.Sealer);
        var verifier = new PackVerifier(_parts.Store, _parts.Sealer, _parts.Codec);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = repository.Options.Readers, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(contents.Packs.Where(pack => !contents.Index.ContainsPack(pack.Key) && !unneeded.Contains(pack.Key)), parallel, async (pack, token) =>
        {
            // Where nothing tells what it holds, the survey leaves it out, and a prune removes it.
            if (await reader.TryReadHeaderAsync(pack.Key, pack.Value, token).ConfigureAwait(false) is { } entries
                && await verifier.VerifyAsync(pack.Key, entries, token).ConfigureAwait(false) is not null)
            {
                _strays[pack.Key] = entries;
            }
        }).ConfigureAwait(false);
    }

    private async Task SalvageAsync(PackSalvage salvage, HashSet<BlobId> bad, RepositoryContents contents, BlobWriter? writer, CancellationToken cancellationToken)
    {
        foreach (var pack in bad.Where(contents.Packs.ContainsKey))
        {
            await salvage.RunAsync(pack, EntriesOf(contents, pack), writer, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Fetches what snapshots lack until nothing is found any more: a tree that comes back may need more.</summary>
    /// <returns>What is needed, with what is still missing.</returns>
    private async Task<UsedBlobs> FetchAsync(List<Snapshot> roots, BlobWriter? writer, CancellationToken cancellationToken)
    {
        while (true)
        {
            // Durable: new packs, and index files that name them. Killed here, the next run finds them.
            await (writer?.FlushAsync(cancellationToken) ?? Task.CompletedTask).ConfigureAwait(false);
            var used = await Walk().RunAsync(roots.Select(snapshot => snapshot.Tree), visited: null, cancellationToken).ConfigureAwait(false);
            if (!await _fetch.RunAsync(used.Missing.Keys, writer, cancellationToken).ConfigureAwait(false) || writer is null)
            {
                return used;
            }
        }
    }

    private async Task<IReadOnlyList<LostBlob>> LostAsync(UsedBlobs used, List<Snapshot> roots, CancellationToken cancellationToken)
    {
        var lost = used.Missing.Keys.Concat(used.UnreadableTrees.Keys.Select(tree => (BlobType.Tree, tree))).ToHashSet();
        if (lost.Count == 0)
        {
            return [];
        }

        var tracer = await DamageTracer.RunAsync(Walk(), roots, lost, cancellationToken).ConfigureAwait(false);
        var hurt = tracer.SnapshotsThatNeed(lost).ToHashSet();
        var files = await new LostFiles(new BlobReader(_parts.Store, _index, _parts.Codec), lost)
            .FindAsync(roots.Where(snapshot => hurt.Contains(snapshot.Id)), cancellationToken).ConfigureAwait(false);
        return [.. lost.Order().Select(blob => new LostBlob(blob.Item1, blob.Item2, tracer.SnapshotsThatNeed([blob]), [.. files[blob]]))];
    }

    /// <summary>A pack of which something needed is lost stays: someone may find a way to read it.</summary>
    private async Task DeleteUnneededAsync(HashSet<BlobId> bad, RepositoryContents contents, IReadOnlyList<LostBlob> lost, CancellationToken cancellationToken)
    {
        var needed = lost.Select(blob => (blob.Type, blob.Id)).ToHashSet();
        foreach (var pack in bad.Where(pack => contents.Packs.ContainsKey(pack) && !EntriesOf(contents, pack).Any(entry => needed.Contains((entry.Type, entry.Id)))))
        {
            await _parts.Files.DeleteAsync(FileKind.Pack, pack, cancellationToken).ConfigureAwait(false);
        }
    }

    private IReadOnlyList<PackEntry> EntriesOf(RepositoryContents contents, BlobId pack) => _strays.GetValueOrDefault(pack) ??
        [.. contents.Index.Packs().Where(range => range.Pack == pack).SelectMany(contents.Index.EntriesOf).Distinct().OrderBy(entry => entry.Offset)];

    private TreeWalk Walk() => new(new BlobReader(_parts.Store, _index, _parts.Codec), _index, repository.Options.Readers);
}

using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Copying;

/// <summary>One copy, under the locks that the caller holds.</summary>
internal sealed class CopyRun(ResticRepository source, ResticRepository target, CopyRequest request)
{
    private readonly List<FailedSnapshot> _failed = [];
    private readonly Dictionary<BlobId, ForgottenJson> _forgotten = [];
    private readonly long _startedAt = source.Options.Clock.GetTimestamp();
    private readonly Lock _progress = new();
    private CopyProgress _done;
    private long _bytesAdded;

    internal async Task<CopyReport> RunAsync(CancellationToken cancellationToken)
    {
        // Snapshots before the index: what a listed one needs is in index files that were written before it.
        var wanted = await SelectAsync(cancellationToken).ConfigureAwait(false);
        await SelectForgottenAsync(wanted, cancellationToken).ConfigureAwait(false);
        var copies = new SnapshotCopies(await target.ListSnapshotsAsync(cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false));
        var forgottenCopies = new SnapshotCopies(request.Forgotten == ForgottenRule.Ignored
            ? []
            : await target.Forgotten.ListAsync(cancellationToken).Where(found => found.Snapshot is not null).Select(found => found.Snapshot!).ToListAsync(cancellationToken).ConfigureAwait(false));
        await source.LoadIndexAsync(cancellationToken).ConfigureAwait(false);
        await target.LoadIndexAsync(cancellationToken).ConfigureAwait(false);
        var present = wanted.Select(snapshot => (Source: snapshot, Copy: Find(snapshot))).Where(pair => pair.Copy is not null).ToList();
        var lacking = wanted.Except(present.Select(pair => pair.Source)).OrderBy(snapshot => snapshot.Time).ToList();
        var copied = await CopyAsync(lacking, cancellationToken).ConfigureAwait(false);
        return new CopyReport
        {
            DryRun = request.DryRun,
            Copied = copied,
            Present = [.. present.Select(pair => new CopiedSnapshot(pair.Source.Id, pair.Copy!.Id))],
            Failed = [.. _failed.Where(failed => !_forgotten.ContainsKey(failed.Source))],
            ForgottenLost = [.. _failed.Where(failed => _forgotten.ContainsKey(failed.Source))],
            Blobs = _done.BlobsTotal,
            Bytes = _done.BytesTotal,
            BytesAdded = _bytesAdded,
            Elapsed = source.Options.Clock.GetElapsedTime(_startedAt),
        };

        Snapshot? Find(Snapshot snapshot) =>
            _forgotten.ContainsKey(snapshot.Id) ? forgottenCopies.Find(snapshot)
            : copies.Find(snapshot) ?? (request.Forgotten == ForgottenRule.Present ? forgottenCopies.Find(snapshot) : null);
    }

    private async Task<List<Snapshot>> SelectAsync(CancellationToken cancellationToken)
    {
        var selected = new List<Snapshot>();
        var ids = request.Snapshots
            ?? await source.Parts.Files.ListAsync(FileKind.Snapshot, cancellationToken).Select(file => file.Id).ToListAsync(cancellationToken).ConfigureAwait(false);
        foreach (var id in ids)
        {
            try
            {
                selected.Add(await source.LoadSnapshotAsync(id, cancellationToken).ConfigureAwait(false));
            }
            catch (RepositoryException exception) when (exception.Failure == RepositoryFailure.Damaged)
            {
                _failed.Add(new FailedSnapshot(id, exception.Message));
            }
            catch (RepositoryException exception) when (exception.Failure == RepositoryFailure.SnapshotNotFound && request.Snapshots is null)
            {
                // Forgotten since the listing.
            }
        }

        return selected;
    }

    /// <summary>After the snapshots were read: a forget beside us is seen at one of the two places. Damaged records have nothing to bring back.</summary>
    private async Task SelectForgottenAsync(List<Snapshot> wanted, CancellationToken cancellationToken)
    {
        if (request.Forgotten != ForgottenRule.Carried)
        {
            return;
        }

        var live = wanted.Select(snapshot => snapshot.Id).ToHashSet();
        var now = source.Options.Clock.GetUtcNow();
        await foreach (var (snapshot, record) in new ForgottenFiles(source.Parts).ListReadableAsync(cancellationToken).ConfigureAwait(false))
        {
            if (!live.Contains(snapshot.Id) && record.ExpiresAt > now)
            {
                _forgotten[snapshot.Id] = record;
                wanted.Add(snapshot);
            }
        }
    }

    private async Task<IReadOnlyList<CopiedSnapshot>> CopyAsync(List<Snapshot> lacking, CancellationToken cancellationToken)
    {
        if (lacking.Count == 0)
        {
            return [];
        }

        var walk = new TreeWalk(new BlobReader(source.Store, source.Index, source.Parts.Codec), source.Index, source.Options.Readers);
        var used = await walk.RunAsync(lacking.Select(snapshot => snapshot.Tree), visited: null, cancellationToken).ConfigureAwait(false);
        Plan(used);
        var lost = used.Missing.Keys.ToDictionary(blob => blob, _ => "no index file names it");
        foreach (var (tree, why) in used.UnreadableTrees)
        {
            lost[(BlobType.Tree, tree)] = why;
        }

        if (!request.DryRun)
        {
            await MoveAsync(used, lost, cancellationToken).ConfigureAwait(false);
        }

        var whole = await WithoutHurtAsync(lacking, walk, lost, cancellationToken).ConfigureAwait(false);
        return request.DryRun ? whole.ConvertAll(snapshot => new CopiedSnapshot(snapshot.Id, snapshot.Id)) : await SaveAsync(whole, cancellationToken).ConfigureAwait(false);
    }

    private void Plan(UsedBlobs used)
    {
        foreach (var entry in WantedPacks(used).SelectMany(pack => pack.Entries))
        {
            _done = _done with { BlobsTotal = _done.BlobsTotal + 1, BytesTotal = _done.BytesTotal + entry.StoredLength };
        }
    }

    /// <summary>The source's packs with what is needed and the target lacks. Computed anew each time: a list could be as large as the index.</summary>
    private IEnumerable<IndexedPack> WantedPacks(UsedBlobs used)
    {
        foreach (var range in source.Index.Packs())
        {
            var entries = source.Index.EntriesOf(range).Where((entry, i) => used.IsUsed(range.First + i) && !target.Index.Contains(entry.Type, entry.Id)).ToList();
            if (entries.Count > 0)
            {
                yield return new IndexedPack(range.Pack, entries);
            }
        }
    }

    private async Task MoveAsync(UsedBlobs used, Dictionary<(BlobType, BlobId), string> lost, CancellationToken cancellationToken)
    {
        var writer = target.CreateBlobWriter();
        await using (writer.ConfigureAwait(false))
        {
            var mover = new BlobMover(source.Parts, source.Index, writer, request.OnRead);
            await mover.MoveAsync(WantedPacks(used), Moved, cancellationToken).ConfigureAwait(false);

            // Durable from here on: every blob that could be had, and the index that finds it.
            await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
            _bytesAdded = writer.BytesAdded;
            foreach (var (blob, why) in mover.Lost)
            {
                lost[blob] = why;
            }
        }
    }

    /// <summary>Snapshots that need nothing of what is lost; the others are noted as failed.</summary>
    private async Task<List<Snapshot>> WithoutHurtAsync(
        List<Snapshot> snapshots, TreeWalk walk, Dictionary<(BlobType, BlobId), string> lost, CancellationToken cancellationToken)
    {
        if (lost.Count == 0)
        {
            return snapshots;
        }

        var tracer = await DamageTracer.RunAsync(walk, snapshots, lost.Keys, cancellationToken).ConfigureAwait(false);
        var reasons = new Dictionary<BlobId, string>();
        foreach (var (blob, why) in lost)
        {
            foreach (var hurt in tracer.SnapshotsThatNeed([blob]))
            {
                reasons.TryAdd(hurt, $"{BlobReader.Name(blob.Item1)} {blob.Item2}: {why}");
            }
        }

        _failed.AddRange(reasons.Select(reason => new FailedSnapshot(reason.Key, reason.Value)));
        return [.. snapshots.Where(snapshot => !reasons.ContainsKey(snapshot.Id))];
    }

    private async Task<IReadOnlyList<CopiedSnapshot>> SaveAsync(List<Snapshot> snapshots, CancellationToken cancellationToken)
    {
        var copied = new List<CopiedSnapshot>(snapshots.Count);
        foreach (var snapshot in snapshots)
        {
            copied.Add(new CopiedSnapshot(snapshot.Id, await SaveAsync(snapshot, cancellationToken).ConfigureAwait(false)));
        }

        return copied;
    }

    private async Task<BlobId> SaveAsync(Snapshot snapshot, CancellationToken cancellationToken)
    {
        if (_forgotten.TryGetValue(snapshot.Id, out var forgotten))
        {
            var file = Seal(source.Parts.Files.Decode(RepositoryFile.Key(FileKind.Forgotten, snapshot.Id), forgotten.File!));
            await new ForgottenFiles(target.Parts).SaveAsync(forgotten with { File = file.Content.ToArray() }, file.Id, cancellationToken).ConfigureAwait(false);
            return file.Id;
        }

        if (source.Id == target.Id)
        {
            await SaveAsItIsAsync(snapshot.Id, cancellationToken).ConfigureAwait(false);
            return snapshot.Id;
        }

        var copy = Seal(await source.Parts.Files.LoadAsync(FileKind.Snapshot, snapshot.Id, cancellationToken).ConfigureAwait(false));
        await target.Parts.Files.SaveAsync(FileKind.Snapshot, copy, cancellationToken).ConfigureAwait(false);
        return copy.Id;

        SealedFile Seal(byte[] json) => target.Parts.Files.Seal(SnapshotCopies.Encode(snapshot, json).Span);
    }

    /// <summary>Into a second place of one repository: the same file, with the name by which recovery points know it.</summary>
    private async Task SaveAsItIsAsync(BlobId id, CancellationToken cancellationToken)
    {
        const int largest = 64 << 20; // Snapshots name each file of a request.
        var key = RepositoryFile.Key(FileKind.Snapshot, id);
        var content = await source.Store.ReadAllAsync(key, largest, cancellationToken).ConfigureAwait(false);
        if (BlobId.Of(content) != id)
        {
            throw new RepositoryException(RepositoryFailure.Damaged, $"{key} is damaged: its content does not match its name");
        }

        await target.Store.PutAsync(key, content, PutMode.Replace, cancellationToken).ConfigureAwait(false);
    }

    private void Moved(int blobs, long bytes)
    {
        lock (_progress)
        {
            _done = _done with { Blobs = _done.Blobs + blobs, Bytes = _done.Bytes + bytes, Elapsed = source.Options.Clock.GetElapsedTime(_startedAt) };
            request.OnProgress?.Invoke(_done);
        }
    }
}

using System.Globalization;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.EvidenceBackup.Anchors;

/// <summary>
/// The anchors of a locker, each checked against the one before it, its list and the trusted keys. Memory: about 200 bytes for each artifact
/// that they cover.
/// </summary>
internal sealed class AnchorChain
{
    private readonly Dictionary<string, (BlobId Sha256, long Anchor)> _covered = new(StringComparer.Ordinal);
    private readonly List<string> _problems = [];

    /// <summary>Anchors that were looked at.</summary>
    public long Count { get; private set; }

    /// <summary>Anchors whose signature was checked; less than <see cref="Count"/> where no key is configured.</summary>
    public long SignaturesChecked { get; private set; }

    /// <summary>What each covered artifact has to be, and the number of the anchor that says so.</summary>
    public IReadOnlyDictionary<string, (BlobId Sha256, long Anchor)> Covered => _covered;

    /// <summary>What is broken, with the file in which it shows.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <param name="locker">Root of the locker.</param>
    /// <param name="keys">Keys whose signatures count; null where none is configured.</param>
    /// <param name="latestOnly">Only the newest anchor, and that it continues the one before.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<AnchorChain> ReadAsync(string locker, TrustedKeys? keys, bool latestOnly, CancellationToken cancellationToken)
    {
        var chain = new AnchorChain();
        var sequences = Anchor.Sequences(locker);
        Anchor? before = null;
        if (latestOnly && sequences.Count > 1)
        {
            before = await Anchor.ReadAsync(locker, sequences[^2], cancellationToken);
            sequences = [sequences[^1]];
        }

        foreach (var sequence in sequences)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var anchor = await Anchor.ReadAsync(locker, sequence, cancellationToken);
            chain.Count++;
            chain.CheckLink(anchor, before);
            var believed = chain.CheckSignature(anchor, keys);
            await chain.CheckListAsync(locker, anchor, believed, cancellationToken);
            before = anchor;
        }

        return chain;
    }

    private void CheckLink(Anchor anchor, Anchor? before)
    {
        var expected = (before?.Sequence ?? 0) + 1;
        if (anchor.Sequence != expected)
        {
            var last = anchor.Sequence - 1;
            _problems.Add(last == expected ? $"{Anchor.PathOf(last)}: missing" : $"{Anchor.PathOf(expected)} to {Anchor.PathOf(last)}: missing");
        }

        if (anchor.Payload is not { } payload)
        {
            _problems.Add($"{anchor.Path}: {anchor.Defect}");
            return;
        }

        if (payload.Sequence != anchor.Sequence)
        {
            _problems.Add(string.Create(CultureInfo.InvariantCulture, $"{anchor.Path}: it is anchor {payload.Sequence} by what it says"));
        }

        if (anchor.Sequence == expected && payload.Previous != before?.Digest)
        {
            _problems.Add(before is null
                ? $"{anchor.Path}: it is the first one, and names another before it"
                : $"{anchor.Path}: it does not continue {before.Path}, which was altered or exchanged after it");
        }

        if (payload.WindowEnd < payload.WindowStart || before?.Payload?.WindowEnd > payload.WindowStart)
        {
            _problems.Add($"{anchor.Path}: its window ends before it begins, or begins in that of the anchor before");
        }
    }

    /// <returns>False when what it says must not be held against artifacts.</returns>
    private bool CheckSignature(Anchor anchor, TrustedKeys? keys)
    {
        if (anchor.Envelope is not { } envelope || keys is null)
        {
            return anchor.Envelope is not null;
        }

        SignaturesChecked++;
        if (!keys.HaveSigned(envelope))
        {
            _problems.Add($"{anchor.Path}: {keys.Refusal(envelope, "anchor")}");
            return false;
        }

        return true;
    }

    private async Task CheckListAsync(string locker, Anchor anchor, bool believed, CancellationToken cancellationToken)
    {
        try
        {
            var list = await AnchorList.ReadAsync(Path.Combine(locker, anchor.ListPath), cancellationToken);
            if (anchor.Payload is { } payload && (payload.LeafCount != list.Artifacts.Count || payload.RootHash != list.Root.ToString()))
            {
                _problems.Add(string.Create(CultureInfo.InvariantCulture,
                    $"{anchor.ListPath}: {list.Artifacts.Count} lines with the root {list.Root}, and {anchor.Path} says {payload.LeafCount} with {payload.RootHash}"));
                return;
            }

            foreach (var (path, digest) in believed ? list.Artifacts : [])
            {
                Cover(path, digest, anchor);
            }
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            _problems.Add($"{anchor.ListPath}: missing");
        }
        catch (Exception e) when (e is FormatException or System.Text.DecoderFallbackException)
        {
            _problems.Add($"{anchor.ListPath}: {e.Message}");
        }
    }

    private void Cover(string path, BlobId digest, Anchor anchor)
    {
        if (!_covered.TryAdd(path, (digest, anchor.Sequence)) && _covered[path].Sha256 != digest)
        {
            _problems.Add($"{path}: {Anchor.PathOf(_covered[path].Anchor)} and {anchor.Path} record different contents of it");
        }
    }
}

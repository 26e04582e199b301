using System.Globalization;
using System.Security.Cryptography;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.EvidenceBackup.Anchors;
using StellaOps.Backup.EvidenceBackup.Indexes;
using StellaOps.Backup.EvidenceBackup.Lockers;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.EvidenceBackup.Checks;

/// <summary>Reads artifacts and compares them with what index and anchors record of them.</summary>
internal sealed class ContentCheck(LockerFiles files, IReadOnlyDictionary<string, IndexEntry> indexed, AnchorChain chain)
{
    /// <summary>Artifacts whose content a check reads that is not a full one.</summary>
    private const int Sample = 1000;

    public Findings Content { get; } = new("content");

    public Findings Anchored { get; } = new("anchored") { Checked = chain.Covered.Count };

    /// <returns>Artifacts that were read.</returns>
    public long Run(TaskProgressMeter progress, EvidenceCheckSpec spec, CancellationToken cancellationToken)
    {
        foreach (var (path, cover) in chain.Covered.Where(entry => files.SizeOf(entry.Key) is null))
        {
            Anchored.Problem($"{path}: missing, and {Anchor.PathOf(cover.Anchor)} records it");
        }

        if (!spec.LatestAnchor && chain.Count > 0 && files.Sizes.Keys.Count(path => !chain.Covered.ContainsKey(path)) is > 0 and var later)
        {
            Anchored.Remark(string.Create(CultureInfo.InvariantCulture, $"artifacts that are in no anchor yet: {later}"));
        }

        var chosen = Choose([.. indexed.Keys.Union(chain.Covered.Keys)], spec.Full);
        Content.Checked = chosen.Length;
        progress.Begin("content", chosen.Length, chosen.Sum(path => files.Sizes.GetValueOrDefault(path)));
        new ContentReading(files, progress).Run(chosen, Compare, Unread, cancellationToken);
        return chosen.Length;
    }

    /// <summary>Another sample each time: what a daily check does not read today it reads some day.</summary>
    private string[] Choose(string[] recorded, bool full)
    {
        if (full || recorded.Length <= Sample)
        {
            return recorded;
        }

        Content.Remark(string.Create(CultureInfo.InvariantCulture, $"{Sample} of {recorded.Length} artifacts were read, chosen at random; --mode full reads all"));
        RandomNumberGenerator.Shuffle<string>(recorded);
        return recorded[..Sample];
    }

    private void Compare(string path, long size, BlobId sha256)
    {
        var isCovered = chain.Covered.TryGetValue(path, out var cover);
        if (isCovered && cover.Sha256 != sha256)
        {
            Anchored.Problem($"{path}: altered: its content is not what {Anchor.PathOf(cover.Anchor)} records");
        }
        else if (indexed.TryGetValue(path, out var entry) && entry.Sha256 != sha256)
        {
            Content.Problem(isCovered
                ? $"{path}: the index records another content than {Anchor.PathOf(cover.Anchor)}, which is right: stella evidence index rebuild"
                : $"{path}: altered: its content is not what the index records");
        }
    }

    /// <summary>What is missing was found before.</summary>
    private void Unread(string path, string? reason)
    {
        if (reason is not null)
        {
            Content.Problem($"{path}: cannot be read: {reason}");
        }
    }
}

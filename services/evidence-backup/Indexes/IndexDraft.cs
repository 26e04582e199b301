using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.EvidenceBackup.Anchors;
using StellaOps.Backup.EvidenceBackup.Checks;
using StellaOps.Backup.EvidenceBackup.Lockers;
using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.EvidenceBackup.Indexes;

/// <summary>An index in the making. What it becomes follows from the artifacts, the index before and the anchors alone.</summary>
/// <param name="before">The index before.</param>
/// <param name="chain">The anchors.</param>
/// <param name="trusted">The anchors' signatures were checked, so that they count more than the index.</param>
internal sealed class IndexDraft(LockerIndex before, AnchorChain chain, bool trusted)
{
    private readonly ConcurrentDictionary<string, IndexEntry> _entries = new(StringComparer.Ordinal);
    private readonly ConcurrentBag<string> _added = [], _corrected = [];
    private readonly ConcurrentBag<MissingItem> _altered = [];

    public IReadOnlyDictionary<string, IndexEntry> Entries => _entries;

    /// <summary>The index before has what this one lacks, and nobody else knows. Asked when all artifacts were added.</summary>
    public bool LosesRecords => before.Problems.Count > 0 || Recorded > 0;

    private IEnumerable<KeyValuePair<string, IndexEntry>> Dropped => before.Entries.Where(entry => !_entries.ContainsKey(entry.Key));

    /// <summary>Dropped entries of which the platform recorded something.</summary>
    private int Recorded => Dropped.Count(entry => entry.Value.More is not null);

    /// <summary>An artifact that was read. Safe from any thread.</summary>
    public void Add(string path, long size, BlobId sha256)
    {
        var entry = before.Entries.GetValueOrDefault(path);
        var isCovered = chain.Covered.TryGetValue(path, out var cover);
        if (!isCovered && entry is not null && entry.Sha256 != sha256 && !LockerLayout.IsArtifact(path))
        {
            return; // Nobody expects it to stay as it was: the index itself never could.
        }

        if (isCovered ? cover.Sha256 != sha256 && (trusted || entry?.Sha256 != sha256) : entry is not null && entry.Sha256 != sha256)
        {
            Keep(path, entry, isCovered ? $"altered: its content is not what {Anchor.PathOf(cover.Anchor)} records" : "altered: its content is not what the index recorded");
            return;
        }

        if (entry is null)
        {
            _added.Add(path);
        }
        else if (entry.Sha256 != sha256 || entry.Size != size)
        {
            _corrected.Add(path);
        }

        _entries[path] = new IndexEntry(sha256, size, entry?.More);
    }

    /// <summary>One that could not be. Safe from any thread.</summary>
    public void AddUnread(string path, string? reason)
    {
        if (reason is not null)
        {
            Keep(path, before.Entries.GetValueOrDefault(path), $"cannot be read: {reason}");
        }
    }

    /// <param name="content">The new index.</param>
    /// <param name="keptAs">Name under which the index before is kept because of what the new one lacks; null for none.</param>
    /// <param name="written">The new index is in its place.</param>
    /// <param name="phases">What took how long.</param>
    public TaskResult ToResult(byte[] content, string? keptAs, bool written, IReadOnlyList<PhaseTime> phases)
    {
        IReadOnlyList<MissingItem> lost = keptAs is null ? [] : [.. Lost(written ? $"it is kept as {keptAs}" : $"it would be kept as {keptAs}")];
        var dropped = Dropped.Select(entry => entry.Key).ToList();
        return new TaskResult
        {
            Outcome = _altered.IsEmpty && lost.Count == 0 ? Outcome.Complete : Outcome.Incomplete,
            MissingCount = lost.Count + _altered.Count,
            Missing = [.. lost.Concat(_altered.OrderBy(item => item.Path, PathOrder.Instance)).Take(TaskResult.MaxMissing)],
            Index = new IndexResult
            {
                Artifacts = _entries.Count,
                AddedCount = _added.Count,
                Added = Findings.First(_added),
                DroppedCount = dropped.Count,
                Dropped = Findings.First(dropped),
                CorrectedCount = _corrected.Count,
                Corrected = Findings.First(_corrected),
                Sha256 = Convert.ToHexStringLower(SHA256.HashData(content)),
                Written = written,
                Phases = phases,
            },
        };
    }

    /// <param name="kept">Where the index before is.</param>
    private IEnumerable<MissingItem> Lost(string kept)
    {
        if (before.Problems.Count > 0)
        {
            var others = before.Problems.Count > 1 ? string.Create(CultureInfo.InvariantCulture, $", and {before.Problems.Count - 1} more") : "";
            yield return Item($"could not be read as a whole ({before.Problems[0]}{others}): what only that index recorded, legal holds say, the new one lacks; {kept}: have the platform take over what it says");
        }

        if (Recorded is > 0 and var recorded)
        {
            yield return Item(string.Create(CultureInfo.InvariantCulture,
                $"had entries of artifacts that are not in the locker, with what only these entries record, legal holds say: {recorded}; the new one lacks them, and {kept}: where a disk is not mounted, mount it and put that file in the place of {LockerLayout.Index}; else delete it once nobody needs it"));
        }

        static MissingItem Item(string reason) => new() { Path = LockerLayout.Index, Reason = reason };
    }

    private void Keep(string path, IndexEntry? entry, string why)
    {
        if (entry is not null)
        {
            _entries[path] = entry;
        }

        _altered.Add(new MissingItem { Path = path, Reason = $"{why}; {(entry is null ? "it was left out" : "its entry was kept as it was")}" });
    }
}

using System.Collections.Concurrent;
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

    /// <summary>An artifact that was read. Safe from any thread.</summary>
    public void Add(string path, long size, BlobId sha256)
    {
        var entry = before.Entries.GetValueOrDefault(path);
        var isCovered = chain.Covered.TryGetValue(path, out var cover);
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

    public TaskResult ToResult(LockerFiles files, byte[] content, bool written, IReadOnlyList<PhaseTime> phases)
    {
        var dropped = before.Entries.Keys.Where(path => !_entries.ContainsKey(path) && files.SizeOf(path) is null).ToList();
        return new TaskResult
        {
            Outcome = _altered.IsEmpty ? Outcome.Complete : Outcome.Incomplete,
            MissingCount = _altered.Count,
            Missing = [.. _altered.OrderBy(item => item.Path, PathOrder.Instance).Take(TaskResult.MaxMissing)],
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

    private void Keep(string path, IndexEntry? entry, string why)
    {
        if (entry is not null)
        {
            _entries[path] = entry;
        }

        _altered.Add(new MissingItem { Path = path, Reason = $"{why}; {(entry is null ? "it was left out" : "its entry was kept as it was")}" });
    }
}

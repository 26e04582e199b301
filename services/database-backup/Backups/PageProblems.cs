using System.Collections.Concurrent;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Postgres.Pages;

namespace StellaOps.Backup.DatabaseBackup.Backups;

/// <summary>Damaged pages found while reading; safe from any thread, bounded like the list in a message.</summary>
internal sealed class PageProblems
{
    private readonly ConcurrentQueue<DamagedPage> _pages = new();
    private readonly ConcurrentDictionary<string, bool> _files = new(StringComparer.Ordinal);
    private long _count;

    public long Count => Interlocked.Read(ref _count);

    /// <summary>Every file with a damaged page.</summary>
    public IReadOnlyList<string> Files => [.. _files.Keys.Order(StringComparer.Ordinal)];

    public void Add(DamagedPage page)
    {
        _files.TryAdd(page.Path, true);
        if (Interlocked.Increment(ref _count) <= TaskResult.MaxMissing)
        {
            _pages.Enqueue(page);
        }
    }

    public IEnumerable<MissingItem> ToMissing() => _pages.Select(page => new MissingItem
    {
        Path = page.Path,
        Reason = $"block {page.Block} contradicts its checksum; it was saved as the server read it",
    });
}

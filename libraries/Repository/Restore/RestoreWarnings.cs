using System.Collections.Concurrent;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>Warnings by kind: one line each with the first path and the count, however many entries there are.</summary>
internal sealed class RestoreWarnings
{
    /// <summary>Of an entry that the snapshot does not have, because it does not know what its directory held.</summary>
    public const string Unread = "not deleted, the backup could not read the directory";

    private readonly ConcurrentDictionary<string, (string FirstPath, long Count)> _kinds = new(StringComparer.Ordinal);

    public void Add(string kind, string path) =>
        _kinds.AddOrUpdate(kind, (path, 1), static (_, known) => (known.FirstPath, known.Count + 1));

    public IReadOnlyList<string> ToList() =>
        [.. _kinds.OrderBy(kind => kind.Key, StringComparer.Ordinal).Select(kind => kind.Value.Count == 1
            ? $"{kind.Key}: {kind.Value.FirstPath}"
            : $"{kind.Key}: {kind.Value.FirstPath} and {kind.Value.Count - 1} more")];
}

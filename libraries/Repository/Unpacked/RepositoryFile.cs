using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.Repository.Unpacked;

/// <summary>Folders of a repository whose files are named by an id (restic design, "Repository Layout").</summary>
internal enum FileKind
{
    Key,
    Lock,
    Snapshot,
    Index,
    Pack,

    /// <summary>Ours, unknown to restic: which packs a verify has read, and when.</summary>
    Reads,
    /// <summary>Ours, in a folder that restic leaves alone: a forgotten snapshot, by the snapshot's id.</summary>
    Forgotten,

    /// <summary>Ours: packs that a prune took out of the index and has not deleted yet.</summary>
    Pending,
}

/// <summary>Where a repository's files lie, relative to its root.</summary>
internal static class RepositoryFile
{
    internal const string Config = "config";

    internal static string Folder(FileKind kind) => kind switch
    {
        FileKind.Key => "keys/",
        FileKind.Lock => "locks/",
        FileKind.Snapshot => "snapshots/",
        FileKind.Index => "index/",
        FileKind.Pack => "data/",
        FileKind.Reads => "stella/reads/",
        FileKind.Forgotten => "stella/forgotten/",
        FileKind.Pending => "stella/pending/",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>Key of a file; packs lie in one of 256 folders, by the first byte of their id.</summary>
    internal static string Key(FileKind kind, BlobId id)
    {
        var name = id.ToString();
        return kind == FileKind.Pack ? $"data/{name.AsSpan(0, 2)}/{name}" : Folder(kind) + name;
    }

    /// <summary>The id in a key; false for names that are none, which belong to others and are left alone.</summary>
    internal static bool TryParse(FileKind kind, string key, out BlobId id) =>
        BlobId.TryParse(key.AsSpan(key.LastIndexOf('/') + 1), out id) && key == Key(kind, id);
}

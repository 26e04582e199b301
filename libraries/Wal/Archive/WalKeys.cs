using System.Globalization;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Wal;

namespace StellaOps.Backup.Wal.Archive;

/// <summary>Keys of one cluster's WAL archive in a location. They hold positions and digests only, and are readable without any key.</summary>
/// <param name="SystemIdentifier">Cluster.</param>
public sealed record WalKeys(ulong SystemIdentifier)
{
    /// <summary>Folder of all archives of a location.</summary>
    public const string Root = "wal/";

    private const string Sealed = ".zst.age", Partial = ".partial.zst.age";
    private const int Digest = 64;

    /// <summary>Folder of the cluster's archive.</summary>
    public string Folder { get; } = string.Create(CultureInfo.InvariantCulture, $"{Root}{SystemIdentifier}/");

    /// <summary>What the archive holds now, replaced every few seconds. Convenience: everything in it can be found by listing.</summary>
    public string State => $"{Folder}state.json";

    /// <summary>Before which positions WAL is not kept any more; missing as long as all of it is.</summary>
    public string Expired => $"{Folder}expired.json";

    /// <summary>Folder of the gap ledger.</summary>
    public string Gaps => $"{Folder}gaps/";

    /// <summary>Folder of a timeline.</summary>
    public string Timeline(uint timeline) => string.Create(CultureInfo.InvariantCulture, $"{Folder}{timeline:X8}/");

    /// <summary>Folder of a timeline's range manifests.</summary>
    public string Manifests(uint timeline) => $"{Timeline(timeline)}manifests/";

    /// <summary>Folder of what was read from pushed segments that no manifest holds yet.</summary>
    public string PushedFolder(uint timeline) => $"{Timeline(timeline)}pushed/";

    /// <summary>What was read from a pushed segment.</summary>
    public string Pushed(WalName name) => $"{PushedFolder(name.Timeline)}{name}.json";

    /// <summary>Folder of the segments that share their first 16 digits: at most 256 of 16 MiB.</summary>
    public string Neighbours(WalName name) => $"{Timeline(name.Timeline)}{name.ToString()[..16]}/";

    /// <summary>The folder of a segment, and those before and behind it.</summary>
    internal IEnumerable<string> Around(WalName name)
    {
        for (var log = Math.Max(name.Log, 1L) - 1; log <= (long)name.Log + 1 && log <= uint.MaxValue; log++)
        {
            yield return Neighbours(name with { Log = (uint)log });
        }
    }

    /// <summary>A whole segment.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="digest">SHA-256 of its bytes, lower-case hex.</param>
    public string Segment(WalName name, string digest) => $"{Neighbours(name)}{name}-{digest}{Sealed}";

    /// <summary>A part of a segment that was not finished when it was shipped.</summary>
    public string Tail(WalName name, long from, long to, string digest) =>
        string.Create(CultureInfo.InvariantCulture, $"{Neighbours(name)}{name}.{from:x8}-{to:x8}-{digest}{Partial}");

    /// <summary>Another file of <c>pg_wal</c> that the server archives beside a segment.</summary>
    public string Other(WalName name, string file, string digest) => $"{Neighbours(name)}{file}-{digest}{Sealed}";

    /// <summary>History file of a timeline, as PostgreSQL wrote it.</summary>
    public string History(uint timeline) => $"{Timeline(timeline)}{WalName.History(timeline)}";

    /// <summary>A range manifest.</summary>
    public string Manifest(uint timeline, Lsn start, Lsn stop) =>
        string.Create(CultureInfo.InvariantCulture, $"{Manifests(timeline)}{start.Value:x16}-{stop.Value:x16}.json");

    /// <summary>Behind the last byte of a range manifest, by its key; null for another key.</summary>
    internal static Lsn? StopOfManifest(string key) =>
        key.EndsWith(".json", StringComparison.Ordinal) && key.Length > 21
        && ulong.TryParse(key.AsSpan(key.Length - 21, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var stop)
            ? new Lsn(stop)
            : null;

    /// <summary>An entry of the gap ledger.</summary>
    public string Gap(uint timeline, Lsn start, Lsn stop) =>
        string.Create(CultureInfo.InvariantCulture, $"{Gaps}{timeline:X8}-{start.Value:x16}-{stop.Value:x16}.json");

    /// <summary>What the last part of a segment's or tail's key says; null for other objects.</summary>
    internal static (WalName Name, long From, long? To, string Digest)? Parse(ReadOnlySpan<char> file)
    {
        if (file.Length <= WalName.Length || !WalName.TryParse(file[..WalName.Length], out var name))
        {
            return null;
        }

        var rest = file[WalName.Length..];
        if (rest.Length == 1 + Digest + Sealed.Length && rest[0] == '-' && rest.EndsWith(Sealed, StringComparison.Ordinal))
        {
            return (name, 0, null, rest.Slice(1, Digest).ToString());
        }

        return rest.Length == 1 + 8 + 1 + 8 + 1 + Digest + Partial.Length && rest[0] == '.' && rest.EndsWith(Partial, StringComparison.Ordinal)
            && long.TryParse(rest.Slice(1, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var from)
            && long.TryParse(rest.Slice(10, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var to) && from < to
            ? (name, from, to, rest.Slice(19, Digest).ToString())
            : null;
    }
}

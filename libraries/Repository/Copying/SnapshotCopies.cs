using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Snapshots;

namespace StellaOps.Backup.Repository.Copying;

/// <summary>
/// Recognises copies by restic's rule: <c>original</c> names the first id that a snapshot had, and everything but parent and original is
/// equal. So either program's copy is recognised by the other.
/// </summary>
internal sealed class SnapshotCopies(IEnumerable<Snapshot> target)
{
    private readonly ILookup<BlobId, Snapshot> _byFirstId =
        target.SelectMany(snapshot => (IEnumerable<(BlobId Id, Snapshot Snapshot)>)[(FirstId(snapshot), snapshot), (snapshot.Id, snapshot)])
            .Distinct().ToLookup(pair => pair.Id, pair => pair.Snapshot);

    /// <summary>The copy of a source's snapshot; null when there is none.</summary>
    internal Snapshot? Find(Snapshot source) => _byFirstId[FirstId(source)].FirstOrDefault(copy => AreEqual(copy, source));

    /// <summary>
    /// The snapshot's JSON for another repository, with everything that is not known here: its parent means nothing there, and its
    /// first id stays with it.
    /// </summary>
    internal static ReadOnlyMemory<byte> Encode(Snapshot source, ReadOnlySpan<byte> json)
    {
        var output = new ArrayBufferWriter<byte>(json.Length + 128);
        using var writer = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        var reader = new Utf8JsonReader(json);
        using var document = JsonDocument.ParseValue(ref reader);
        writer.WriteStartObject();
        foreach (var member in document.RootElement.EnumerateObject().Where(member => member.Name is not ("parent" or "original")))
        {
            member.WriteTo(writer);
        }

        writer.WriteString("original"u8, FirstId(source).ToString());
        writer.WriteEndObject();
        writer.Flush();
        return output.WrittenMemory;
    }

    private static BlobId FirstId(Snapshot snapshot) => snapshot.Original ?? snapshot.Id;

    private static bool AreEqual(Snapshot one, Snapshot other) =>
        one.Time == other.Time && one.Tree == other.Tree && one.Hostname == other.Hostname && one.Username == other.Username
        && one.Uid == other.Uid && one.Gid == other.Gid
        && SameSet(one.Paths, other.Paths) && SameSet(one.Tags, other.Tags)
        && (one.Excludes ?? []).SequenceEqual(other.Excludes ?? [], StringComparer.Ordinal);

    private static bool SameSet(IReadOnlyList<string>? one, IReadOnlyList<string>? other) =>
        (one?.Count ?? 0) == (other?.Count ?? 0) && (one ?? []).ToHashSet(StringComparer.Ordinal).SetEquals(other ?? []);
}

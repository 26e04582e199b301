using System.Buffers;
using System.Text.Json;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Packs;

namespace StellaOps.Backup.Repository.Indexes;

/// <summary>JSON of an index file: packs with their blobs (restic design, "Indexing").</summary>
internal static class IndexFile
{
    /// <summary>Blobs that one file of ours may hold: 4 MB of JSON. restic puts twice as many into one.</summary>
    internal const int MostBlobs = 25_000;

    private static readonly JsonEncodedText Packs = JsonEncodedText.Encode("packs"), Id = JsonEncodedText.Encode("id"),
        Blobs = JsonEncodedText.Encode("blobs"), Type = JsonEncodedText.Encode("type"), Data = JsonEncodedText.Encode("data"),
        Tree = JsonEncodedText.Encode("tree"), Offset = JsonEncodedText.Encode("offset"), Length = JsonEncodedText.Encode("length"),
        UncompressedLength = JsonEncodedText.Encode("uncompressed_length");

    internal static ReadOnlyMemory<byte> Encode(IReadOnlyCollection<IndexedPack> packs)
    {
        var output = new ArrayBufferWriter<byte>();
        Encode(packs, output);
        return output.WrittenMemory;
    }

    internal static void Encode(IReadOnlyCollection<IndexedPack> packs, ArrayBufferWriter<byte> output)
    {
        const int usualEntry = 170, usualPack = 100; // bytes of JSON
        _ = output.GetSpan(256 + packs.Sum(pack => usualPack + usualEntry * pack.Entries.Count)); // Makes room at once.
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true });
        json.WriteStartObject();
        json.WriteStartArray(Packs);
        foreach (var pack in packs)
        {
            json.WriteStartObject();
            WriteId(json, pack.Id);
            json.WriteStartArray(Blobs);
            foreach (var entry in pack.Entries)
            {
                WriteEntry(json, entry);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
    }

    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Damaged"/>.</exception>
    internal static IReadOnlyList<IndexedPack> Decode(ReadOnlySpan<byte> content) => Decode(content, new EntryBuffer());

    /// <summary>The same with entries in memory of the caller.</summary>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Damaged"/>.</exception>
    internal static IReadOnlyList<IndexedPack> Decode(ReadOnlySpan<byte> content, EntryBuffer entries)
    {
        try
        {
            return new IndexFileReader(content, entries).Read();
        }
        catch (Exception exception) when (exception is JsonException or FormatException or InvalidOperationException)
        {
            throw new RepositoryException(RepositoryFailure.Damaged, "it is not the JSON of an index", exception);
        }
    }

    private static void WriteEntry(Utf8JsonWriter json, PackEntry entry)
    {
        json.WriteStartObject();
        WriteId(json, entry.Id);
        json.WriteString(Type, entry.Type == BlobType.Tree ? Tree : Data);
        json.WriteNumber(Offset, entry.Offset);
        json.WriteNumber(Length, entry.StoredLength);
        if (entry.Compressed)
        {
            json.WriteNumber(UncompressedLength, entry.CompressedFrom);
        }

        json.WriteEndObject();
    }

    private static void WriteId(Utf8JsonWriter json, BlobId id)
    {
        Span<byte> text = stackalloc byte[2 * BlobId.Length];
        id.WriteHex(text);
        json.WriteString(Id, text);
    }
}

using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using StellaOps.Backup.EvidenceBackup.Lockers;

namespace StellaOps.Backup.EvidenceBackup.Indexes;

/// <summary>The one form of an index: what the platform recorded beside the artifacts, then entries in the order of their paths, one a line. Equal entries are equal bytes.</summary>
internal static class IndexWriter
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="more"><see cref="LockerIndex.More"/>.</param>
    /// <param name="entries">The artifacts.</param>
    public static byte[] Write(IReadOnlyList<KeyValuePair<string, JsonElement>> more, IReadOnlyDictionary<string, IndexEntry> entries)
    {
        var output = new MemoryStream();
        output.Write("{\"version\":1,"u8);
        foreach (var (name, value) in more)
        {
            WriteMember(output, name, value);
        }

        output.Write("\"artifacts\":["u8);
        var first = true;
        foreach (var path in entries.Keys.Order(PathOrder.Instance))
        {
            output.Write(first ? "\n  "u8 : ",\n  "u8);
            first = false;
            WriteEntry(output, path, entries[path]);
        }

        output.Write("\n]}\n"u8);
        return output.ToArray();
    }

    private static void WriteMember(MemoryStream output, string name, JsonElement value)
    {
        var member = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(member, Options))
        {
            json.WriteStartObject();
            json.WritePropertyName(name);
            value.WriteTo(json);
            json.WriteEndObject();
        }

        output.Write(member.WrittenSpan[1..^1]); // Without its braces.
        output.WriteByte((byte)',');
    }

    private static void WriteEntry(MemoryStream output, string path, IndexEntry entry)
    {
        using var json = new Utf8JsonWriter(output, Options);
        json.WriteStartObject();
        json.WriteString("path"u8, path);
        json.WriteString("type"u8, LockerLayout.TypeOf(path));
        json.WriteString("sha256"u8, entry.Sha256.ToString());
        json.WriteNumber("sizeBytes"u8, entry.Size);
        foreach (var (name, value) in entry.More ?? [])
        {
            json.WritePropertyName(name);
            value.WriteTo(json);
        }

        json.WriteEndObject();
    }
}

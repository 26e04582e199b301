using System.Text.Json;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Packs;

namespace StellaOps.Backup.Repository.Indexes;

/// <summary>Reads the JSON of an index file in one pass. Members that are not known are skipped.</summary>
internal ref struct IndexFileReader(ReadOnlySpan<byte> content, EntryBuffer entries)
{
    private Utf8JsonReader _json = new(content);

    internal IReadOnlyList<IndexedPack> Read()
    {
        var packs = new List<IndexedPack>();
        Next(JsonTokenType.StartObject);
        while (NextMember())
        {
            if (!TakeMember("packs"u8))
            {
                _json.Skip();
                continue;
            }

            while (NextElement())
            {
                packs.Add(ReadPack());
            }
        }

        return _json.Read() ? throw new JsonException("there is something after the end") : packs;
    }

    private IndexedPack ReadPack()
    {
        var id = default(BlobId?);
        var start = entries.Count;
        while (NextMember())
        {
            if (TakeMember("id"u8))
            {
                id = ReadId();
            }
            else if (TakeMember("blobs"u8))
            {
                while (NextElement())
                {
                    entries.Add(ReadEntry());
                }
            }
            else
            {
                _json.Skip();
            }
        }

        return new IndexedPack(id ?? throw new JsonException("a pack has no id"), entries.Since(start));
    }

    private PackEntry ReadEntry()
    {
        BlobId? id = null;
        BlobType? type = null;
        uint? offset = null, length = null;
        var compressedFrom = 0u;
        while (NextMember())
        {
            if (TakeMember("id"u8))
            {
                id = ReadId();
            }
            else if (TakeMember("type"u8))
            {
                type = ReadType();
            }
            else if (TakeMember("offset"u8))
            {
                offset = _json.GetUInt32();
            }
            else if (TakeMember("length"u8))
            {
                length = _json.GetUInt32();
            }
            else if (TakeMember("uncompressed_length"u8))
            {
                compressedFrom = _json.GetUInt32();
            }
            else
            {
                _json.Skip();
            }
        }

        return length >= UnitCipher.Overhead && id is not null && type is not null && offset is not null
            ? new PackEntry(type.Value, id.Value, offset.Value, length.Value, compressedFrom)
            : throw new JsonException("a blob lacks its id, type, offset or length");
    }

    private BlobId ReadId()
    {
        if (_json.TokenType == JsonTokenType.String && BlobId.TryParse(_json.ValueSpan, out var id))
        {
            return id;
        }

        throw new JsonException("an id is not 64 hexadecimal digits");
    }

    private BlobType ReadType()
    {
        if (_json.ValueTextEquals("data"u8))
        {
            return BlobType.Data;
        }

        return _json.ValueTextEquals("tree"u8) ? BlobType.Tree : throw new JsonException("a blob is neither data nor tree");
    }

    /// <summary>Moves to the next member's name; false at the object's end.</summary>
    private bool NextMember() => _json.Read() && _json.TokenType switch
    {
        JsonTokenType.PropertyName => true,
        JsonTokenType.EndObject => false,
        _ => throw new JsonException("an object was expected"),
    };

    /// <summary>Moves from the name to the value when the name is this one.</summary>
    private bool TakeMember(ReadOnlySpan<byte> name) =>
        _json.TokenType == JsonTokenType.PropertyName && _json.ValueTextEquals(name) && _json.Read();

    /// <summary>Moves into the next object of an array; false at the array's end, or for a null in its place.</summary>
    private bool NextElement()
    {
        if (_json.TokenType == JsonTokenType.Null)
        {
            return false;
        }

        if (_json.TokenType is not (JsonTokenType.StartArray or JsonTokenType.EndObject))
        {
            throw new JsonException("an array was expected");
        }

        if (!_json.Read() || _json.TokenType == JsonTokenType.EndArray)
        {
            return false;
        }

        return _json.TokenType == JsonTokenType.StartObject ? true : throw new JsonException("an object was expected");
    }

    private void Next(JsonTokenType expected)
    {
        if (!_json.Read() || _json.TokenType != expected)
        {
            throw new JsonException($"{expected} was expected");
        }
    }
}

using System.Text.Json;
using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.Repository.Checking;

/// <summary>The blobs that a tree needs, read from its JSON without the rest of its nodes.</summary>
internal sealed class TreeReferences
{
    private readonly List<BlobId> _data = [], _trees = [];

    /// <summary>Content of its files.</summary>
    internal IReadOnlyList<BlobId> Data => _data;

    /// <summary>Its directories.</summary>
    internal IReadOnlyList<BlobId> Trees => _trees;

    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Damaged"/>: not a tree.</exception>
    internal static TreeReferences Read(ReadOnlySpan<byte> tree)
    {
        var references = new TreeReferences();
        try
        {
            var json = new Utf8JsonReader(tree);
            references.ReadTree(ref json);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new RepositoryException(RepositoryFailure.Damaged, "it is not the JSON of a tree", exception);
        }

        return references;
    }

    private void ReadTree(ref Utf8JsonReader json)
    {
        Expect(json.Read() && json.TokenType == JsonTokenType.StartObject);
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (!json.ValueTextEquals("nodes"u8))
            {
                json.Skip();
                continue;
            }

            json.Read();
            while (json.TokenType != JsonTokenType.Null && json.Read() && json.TokenType != JsonTokenType.EndArray)
            {
                Expect(json.TokenType == JsonTokenType.StartObject);
                ReadNode(ref json);
            }
        }

        Expect(json.TokenType == JsonTokenType.EndObject && !json.Read());
    }

    private void ReadNode(ref Utf8JsonReader json)
    {
        bool isDirectory = false, isFile = false, hasContent = false;
        BlobId? subtree = null;
        var before = _data.Count;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("type"u8))
            {
                json.Read();
                isDirectory = json.ValueTextEquals("dir"u8);
                isFile = json.ValueTextEquals("file"u8);
            }
            else if (json.ValueTextEquals("subtree"u8))
            {
                json.Read();
                subtree = json.TokenType == JsonTokenType.Null ? null : ReadId(ref json);
            }
            else if (json.ValueTextEquals("content"u8))
            {
                json.Read();
                hasContent = ReadContent(ref json);
            }
            else
            {
                json.Skip();
            }
        }

        Expect(json.TokenType == JsonTokenType.EndObject && (!isFile || hasContent) && isDirectory == subtree is not null);
        if (!isFile)
        {
            _data.RemoveRange(before, _data.Count - before);
        }

        if (subtree is { } directory)
        {
            _trees.Add(directory);
        }
    }

    private bool ReadContent(ref Utf8JsonReader json)
    {
        if (json.TokenType == JsonTokenType.Null)
        {
            return false;
        }

        Expect(json.TokenType == JsonTokenType.StartArray);
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            _data.Add(ReadId(ref json));
        }

        return true;
    }

    private static BlobId ReadId(ref Utf8JsonReader json)
    {
        var id = default(BlobId);
        Expect(json.TokenType == JsonTokenType.String && BlobId.TryParse(json.ValueSpan, out id));
        return id;
    }

    private static void Expect(bool condition)
    {
        if (!condition)
        {
            throw new JsonException("not what a tree has at this place");
        }
    }
}

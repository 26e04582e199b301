using System.Text;
using System.Text.Json;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.Repository.Trees;

/// <summary>Reads the nodes of a tree blob and refuses those that no file system could hold.</summary>
internal ref struct NodeReader
{
    /// <summary>Bytes of an id in a list: digits, quotes, comma.</summary>
    private const int ListedId = (2 * BlobId.Length) + 3;

    private readonly ReadOnlySpan<byte> _text;
    private Utf8JsonReader _json;

    private NodeReader(ReadOnlySpan<byte> json)
    {
        _text = json;
        _json = new Utf8JsonReader(json);
    }

    public static List<Node> ReadAll(ReadOnlySpan<byte> json)
    {
        try
        {
            return new NodeReader(json).ReadTree();
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or OverflowException)
        {
            // InvalidOperationException is what Utf8JsonReader throws for a value of another kind, and for broken UTF-8.
            throw new RepositoryException(RepositoryFailure.Damaged, $"a tree is not what restic writes: {e.Message}", e);
        }
    }

    private List<Node> ReadTree()
    {
        var nodes = new List<Node>();
        var found = false;
        Expect(JsonTokenType.StartObject);
        while (NextProperty())
        {
            if (!_json.ValueTextEquals("nodes"u8))
            {
                _json.Skip();
                continue;
            }

            found = true;
            _json.Read();
            if (_json.TokenType == JsonTokenType.Null)
            {
                continue;
            }

            Require(_json.TokenType == JsonTokenType.StartArray, "nodes is no list");
            while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
            {
                Require(_json.TokenType == JsonTokenType.StartObject, "a node is no object");
                nodes.Add(ReadNode());
            }
        }

        Require(found, "it has no nodes");
        Require(!_json.Read(), "something follows it");
        return nodes;
    }

    private Node ReadNode()
    {
        byte[]? name = null;
        NodeType? type = null;
        var metadata = new MetadataFields();
        ulong size = 0;
        BlobId[]? content = null;
        BlobId? subtree = null;
        byte[]? target = null, rawTarget = null;
        var error = "";
        while (NextProperty())
        {
            if (_json.ValueTextEquals("name"u8)) { name = ReadName(); }
            else if (_json.ValueTextEquals("type"u8)) { type = ReadType(); }
            else if (_json.ValueTextEquals("size"u8)) { size = ReadNumber(); }
            else if (_json.ValueTextEquals("content"u8)) { content = ReadContent(); }
            else if (_json.ValueTextEquals("subtree"u8)) { subtree = ReadSubtree(); }
            else if (_json.ValueTextEquals("linktarget"u8)) { target = ReadBytes(); }
            else if (_json.ValueTextEquals("linktarget_raw"u8)) { rawTarget = ReadBase64(); }
            else if (_json.ValueTextEquals("error"u8)) { error = ReadText(); }
            else if (!TryReadMetadata(ref metadata)) { _json.Skip(); }
        }

        Require(name is not null && type is not null, "a node has no name or no type");
        var entry = new EntryName(name);
        Check(entry, type!.Value, size, content, subtree, target ?? rawTarget);
        return new Node
        {
            Name = entry,
            Type = type.Value,
            Metadata = metadata.ToMetadata(),
            Size = (long)size,
            Content = type == NodeType.File ? content ?? [] : [],
            Subtree = type == NodeType.Directory ? subtree : null,
            LinkTarget = type == NodeType.Symlink ? new EntryName(rawTarget ?? target) : null,
            Error = error,
        };
    }

    private static void Check(EntryName name, NodeType type, ulong size, BlobId[]? content, BlobId? subtree, byte[]? target)
    {
        if (!name.IsFileName)
        {
            throw new RepositoryException(RepositoryFailure.Hostile, $"a tree holds '{name}', which is no file name");
        }

        var problem = type switch
        {
            NodeType.Directory when subtree is null => "is a directory without a subtree",
            NodeType.File when content is null && size > 0 => "is a file without content",
            NodeType.File when size > long.MaxValue => "is larger than a file can be",
            NodeType.Symlink when target is null || target.Contains((byte)0) => "is a link without a usable target",
            _ => null,
        };
        if (problem is not null)
        {
            throw new RepositoryException(RepositoryFailure.Hostile, $"in a tree '{name}' {problem}");
        }
    }

    private bool TryReadMetadata(ref MetadataFields fields)
    {
        if (_json.ValueTextEquals("mode"u8)) { fields.Mode = checked((uint)ReadNumber()); }
        else if (_json.ValueTextEquals("mtime"u8)) { fields.Modified = ReadTime(); }
        else if (_json.ValueTextEquals("atime"u8)) { fields.Accessed = ReadTime(); }
        else if (_json.ValueTextEquals("ctime"u8)) { fields.Changed = ReadTime(); }
        else if (_json.ValueTextEquals("uid"u8)) { fields.UserId = checked((uint)ReadNumber()); }
        else if (_json.ValueTextEquals("gid"u8)) { fields.GroupId = checked((uint)ReadNumber()); }
        else if (_json.ValueTextEquals("user"u8)) { fields.User = ReadText(); }
        else if (_json.ValueTextEquals("group"u8)) { fields.Group = ReadText(); }
        else if (_json.ValueTextEquals("inode"u8)) { fields.Inode = ReadNumber(); }
        else if (_json.ValueTextEquals("device_id"u8)) { fields.DeviceId = ReadNumber(); }
        else if (_json.ValueTextEquals("links"u8)) { fields.Links = ReadNumber(); }
        else if (_json.ValueTextEquals("device"u8)) { fields.Device = ReadNumber(); }
        else if (_json.ValueTextEquals("extended_attributes"u8)) { fields.ExtendedAttributes = ReadExtendedAttributes(); }
        else { return false; }

        return true;
    }

    private byte[] ReadName()
    {
        Require(GoQuotedName.TryUnquote(ReadBytes(), out var name), "a name is not quoted as Go does it");
        return name;
    }

    private NodeType ReadType()
    {
        var text = ReadBytes();
        return NodeTypes.Find(text)
            ?? throw new RepositoryException(RepositoryFailure.Unsupported, $"a tree holds a node of the unknown type '{Encoding.UTF8.GetString(text)}'");
    }

    private BlobId[]? ReadContent()
    {
        _json.Read();
        if (_json.TokenType == JsonTokenType.Null)
        {
            return null;
        }

        Require(_json.TokenType == JsonTokenType.StartArray, "content is no list");
        // As many as there are where nothing is between them, so that the list of a huge file is made once.
        var ids = new BlobId[(_text[(int)_json.BytesConsumed..].IndexOf((byte)']') + 1) / ListedId];
        var count = 0;
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            var id = CurrentId();
            if (count == ids.Length)
            {
                Array.Resize(ref ids, Math.Max(4, 2 * count));
            }

            ids[count++] = id;
        }

        return count == ids.Length ? ids : ids[..count];
    }

    private BlobId? ReadSubtree()
    {
        _json.Read();
        return _json.TokenType == JsonTokenType.Null ? null : CurrentId();
    }

    private readonly BlobId CurrentId()
    {
        Span<byte> bytes = stackalloc byte[BlobId.Length];
        Require(_json.TokenType == JsonTokenType.String
            && Convert.FromHexString(_json.ValueSpan, bytes, out _, out var written) == System.Buffers.OperationStatus.Done
            && written == BlobId.Length, "an id is not 64 hexadecimal digits");
        return new BlobId(bytes);
    }

    private List<ExtendedAttribute> ReadExtendedAttributes()
    {
        var attributes = new List<ExtendedAttribute>();
        _json.Read();
        if (_json.TokenType == JsonTokenType.Null)
        {
            return attributes;
        }

        Require(_json.TokenType == JsonTokenType.StartArray, "extended_attributes is no list");
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            var name = "";
            byte[] value = [];
            while (NextProperty())
            {
                if (_json.ValueTextEquals("name"u8)) { name = ReadText(); }
                else if (_json.ValueTextEquals("value"u8)) { value = ReadBase64() ?? []; }
                else { _json.Skip(); }
            }

            attributes.Add(new ExtendedAttribute(name, value));
        }

        return attributes;
    }

    private UnixTime ReadTime()
    {
        _json.Read();
        var time = default(UnixTime);
        Require(_json.TokenType == JsonTokenType.String && Rfc3339.TryParse(_json.ValueSpan, out time), "a time is not RFC 3339");
        return time;
    }

    private byte[]? ReadBase64()
    {
        _json.Read();
        return _json.TokenType == JsonTokenType.Null ? null : _json.GetBytesFromBase64();
    }

    private byte[] ReadBytes()
    {
        _json.Read();
        Require(_json.TokenType == JsonTokenType.String, "a text is expected");
        if (!_json.ValueIsEscaped)
        {
            return _json.ValueSpan.ToArray();
        }

        var bytes = new byte[_json.ValueSpan.Length];
        return bytes[.._json.CopyString(bytes)];
    }

    private string ReadText() => Encoding.UTF8.GetString(ReadBytes());

    private ulong ReadNumber()
    {
        _json.Read();
        return _json.GetUInt64();
    }

    private bool NextProperty() => _json.Read() && _json.TokenType == JsonTokenType.PropertyName;

    private void Expect(JsonTokenType token) => Require(_json.Read() && _json.TokenType == token, $"{token} is expected");

    private static void Require([System.Diagnostics.CodeAnalysis.DoesNotReturnIf(false)] bool condition, string problem)
    {
        if (!condition)
        {
            throw new FormatException(problem);
        }
    }

    private struct MetadataFields()
    {
        public uint Mode, UserId, GroupId;
        public UnixTime Modified, Accessed, Changed;
        public string User = "", Group = "";
        public ulong Inode, DeviceId, Links, Device;
        public IReadOnlyList<ExtendedAttribute> ExtendedAttributes = [];

        public readonly NodeMetadata ToMetadata() => new()
        {
            Permissions = GoFileMode.Permissions(Mode),
            Modified = Modified,
            Accessed = Accessed,
            Changed = Changed,
            UserId = UserId,
            GroupId = GroupId,
            User = User,
            Group = Group,
            Inode = Inode,
            DeviceId = DeviceId,
            Links = Links,
            Device = Device,
            ExtendedAttributes = ExtendedAttributes,
        };
    }
}

using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Unicode;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.Repository.Trees;

/// <summary>One node's JSON in restic's order of keys; keys marked optional there are left out when zero or empty.</summary>
internal static class NodeWriter
{
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? s_name;

    public static void Write(Node node, IBufferWriter<byte> destination)
    {
        var metadata = node.Metadata;
        destination.Write("{\"name\":"u8);
        WriteName(node.Name, destination);
        destination.Write(",\"type\":\""u8);
        destination.Write(NodeTypes.NameOf(node.Type));
        destination.Write("\""u8);
        Optional(",\"mode\":"u8, GoFileMode.From(node.Type, metadata.Permissions), destination);
        Time(",\"mtime\":\""u8, metadata.Modified, destination);
        Time(",\"atime\":\""u8, metadata.Accessed, destination);
        Time(",\"ctime\":\""u8, metadata.Changed, destination);
        destination.Write(",\"uid\":"u8);
        Number(metadata.UserId, destination);
        destination.Write(",\"gid\":"u8);
        Number(metadata.GroupId, destination);
        Optional(",\"user\":"u8, metadata.User, destination);
        Optional(",\"group\":"u8, metadata.Group, destination);
        Optional(",\"inode\":"u8, metadata.Inode, destination);
        Optional(",\"device_id\":"u8, metadata.DeviceId, destination);
        Optional(",\"size\":"u8, (ulong)node.Size, destination);
        Optional(",\"links\":"u8, metadata.Links, destination);
        LinkTarget(node, destination);
        ExtendedAttributes(metadata, destination);
        Optional(",\"device\":"u8, metadata.Device, destination);
        Content(node, destination);
        if (node.Subtree is { } subtree)
        {
            destination.Write(",\"subtree\":\""u8);
            Id(subtree, destination);
            destination.Write("\""u8);
        }

        Optional(",\"error\":"u8, node.Error, destination);
        destination.Write("}"u8);
    }

    private static void WriteName(EntryName name, IBufferWriter<byte> destination)
    {
        var quoted = s_name ??= new ArrayBufferWriter<byte>(256);
        quoted.ResetWrittenCount();
        GoQuotedName.Quote(name.Bytes, quoted);
        GoJsonString.Write(quoted.WrittenSpan, destination);
    }

    private static void LinkTarget(Node node, IBufferWriter<byte> destination)
    {
        if (node.LinkTarget is not { Bytes.IsEmpty: false } target)
        {
            return;
        }

        destination.Write(",\"linktarget\":"u8);
        GoJsonString.Write(target.Bytes, destination);
        if (!Utf8.IsValid(target.Bytes))
        {
            destination.Write(",\"linktarget_raw\":"u8);
            Base64String(target.Bytes, destination);
        }
    }

    private static void ExtendedAttributes(NodeMetadata metadata, IBufferWriter<byte> destination)
    {
        for (var i = 0; i < metadata.ExtendedAttributes.Count; i++)
        {
            destination.Write(i == 0 ? ",\"extended_attributes\":[{\"name\":"u8 : ",{\"name\":"u8);
            GoJsonString.Write(Encoding.UTF8.GetBytes(metadata.ExtendedAttributes[i].Name), destination);
            destination.Write(",\"value\":"u8);
            Base64String(metadata.ExtendedAttributes[i].Value.Span, destination);
            destination.Write("}"u8);
        }

        if (metadata.ExtendedAttributes.Count > 0)
        {
            destination.Write("]"u8);
        }
    }

    private static void Content(Node node, IBufferWriter<byte> destination)
    {
        if (node.Type != NodeType.File)
        {
            destination.Write(",\"content\":null"u8);
            return;
        }

        destination.Write(",\"content\":["u8);
        for (var i = 0; i < node.Content.Count; i++)
        {
            destination.Write(i == 0 ? "\""u8 : ",\""u8);
            Id(node.Content[i], destination);
            destination.Write("\""u8);
        }

        destination.Write("]"u8);
    }

    private static void Time(ReadOnlySpan<byte> key, UnixTime time, IBufferWriter<byte> destination)
    {
        destination.Write(key);
        destination.Advance(Rfc3339.Write(time, destination.GetSpan(Rfc3339.MaxLength)));
        destination.Write("\""u8);
    }

    private static void Id(BlobId id, IBufferWriter<byte> destination)
    {
        Span<byte> bytes = stackalloc byte[BlobId.Length];
        id.CopyTo(bytes);
        Convert.TryToHexStringLower(bytes, destination.GetSpan(2 * BlobId.Length), out var written);
        destination.Advance(written);
    }

    private static void Base64String(ReadOnlySpan<byte> value, IBufferWriter<byte> destination)
    {
        destination.Write("\""u8);
        Base64.EncodeToUtf8(value, destination.GetSpan(Base64.GetMaxEncodedToUtf8Length(value.Length) + 1), out _, out var written);
        destination.Advance(written);
        destination.Write("\""u8);
    }

    private static void Optional(ReadOnlySpan<byte> key, string value, IBufferWriter<byte> destination)
    {
        if (value.Length > 0)
        {
            destination.Write(key);
            GoJsonString.Write(Encoding.UTF8.GetBytes(value), destination);
        }
    }

    private static void Optional(ReadOnlySpan<byte> key, ulong value, IBufferWriter<byte> destination)
    {
        if (value != 0)
        {
            destination.Write(key);
            Number(value, destination);
        }
    }

    private static void Number(ulong value, IBufferWriter<byte> destination)
    {
        Utf8Formatter.TryFormat(value, destination.GetSpan(20), out var written);
        destination.Advance(written);
    }
}

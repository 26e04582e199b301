using System.Buffers;
using System.Text;
using CsCheck;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Tests.Trees;

public sealed class TreeCodecTests
{
    private const string Times = "\"mtime\":\"1970-01-01T00:00:00Z\",\"atime\":\"1970-01-01T00:00:00Z\",\"ctime\":\"1970-01-01T00:00:00Z\",\"uid\":0,\"gid\":0";

    private static readonly BlobId Id = BlobId.Of("content"u8);

    [Fact]
    public void An_empty_directory_has_13_bytes() => Assert.Equal("{\"nodes\":[]}\n", Encode());

    [Fact]
    public void A_file_with_everything_has_its_keys_in_restics_order()
    {
        var node = new Node
        {
            Name = new EntryName("<a>"),
            Type = NodeType.File,
            Size = 7,
            Content = [Id, Id],
            Metadata = new NodeMetadata
            {
                Permissions = 0xfed, // 7755
                Modified = new UnixTime(1, 500_000_000),
                UserId = 1, GroupId = 2, User = "u&", Group = "g", Inode = 3, DeviceId = 4, Links = 5, Device = 6,
                ExtendedAttributes = [new ExtendedAttribute("user.a", new byte[] { 1, 2 }), new ExtendedAttribute("user.b", Array.Empty<byte>())],
            },
        };

        Assert.Equal(
            "{\"nodes\":[{\"name\":\"\\u003ca\\u003e\",\"type\":\"file\",\"mode\":13631981,\"mtime\":\"1970-01-01T00:00:01.5Z\","
            + "\"atime\":\"1970-01-01T00:00:00Z\",\"ctime\":\"1970-01-01T00:00:00Z\",\"uid\":1,\"gid\":2,\"user\":\"u\\u0026\",\"group\":\"g\",\"inode\":3,"
            + "\"device_id\":4,\"size\":7,\"links\":5,\"extended_attributes\":[{\"name\":\"user.a\",\"value\":\"AQI=\"},{\"name\":\"user.b\",\"value\":\"\"}],"
            + $"\"device\":6,\"content\":[\"{Id}\",\"{Id}\"]}}]}}\n",
            Encode(node));
    }

    [Fact]
    public void Other_nodes_have_null_content()
    {
        Assert.Equal(
            $"{{\"nodes\":[{{\"name\":\"d\",\"type\":\"dir\",\"mode\":2147483648,{Times},\"content\":null,\"subtree\":\"{Id}\"}},"
            + $"{{\"name\":\"e\",\"type\":\"file\",{Times},\"content\":[]}},"
            + $"{{\"name\":\"l\",\"type\":\"symlink\",\"mode\":134217728,{Times},\"linktarget\":\"\\ufffd\",\"linktarget_raw\":\"/w==\",\"content\":null}}]}}\n",
            Encode(
                Simple("d", NodeType.Directory) with { Subtree = Id },
                Simple("e", NodeType.File),
                Simple("l", NodeType.Symlink) with { LinkTarget = new EntryName([0xff]) }));
    }

    [Fact]
    public void Every_tree_comes_back_byte_for_byte() => Gen.Byte.Array[1, 12]
        .Where(name => new EntryName(name).IsFileName).Array[0, 20]
        .Sample(names =>
        {
            var nodes = names.Select(name => new EntryName(name)).Distinct().Order()
                .Select((name, i) => Simple("x", (NodeType)(i % 7)) with
                {
                    Name = name,
                    LinkTarget = i % 7 == (int)NodeType.Symlink ? name : null,
                    Subtree = i % 7 == (int)NodeType.Directory ? Id : null,
                }).ToArray();
            var json = Encode(nodes);
            Assert.Equal(json, Encode([.. TreeCodec.Decode(Encoding.UTF8.GetBytes(json)).Nodes]));
        });

    [Fact]
    public void Names_are_ordered_by_bytes_not_by_UTF16_units()
    {
        var tree = TreeCodec.Decode(Encoding.UTF8.GetBytes(Encode(Simple("\uffee", NodeType.File), Simple("\U0001F600", NodeType.File))));
        Assert.NotNull(tree.Find(new EntryName("\U0001F600")));
        Assert.Null(tree.Find(new EntryName("\U0001F601")));
        Assert.Throws<ArgumentException>(() => Encode(Simple("\U0001F600", NodeType.File), Simple("\uffee", NodeType.File)));
    }

    [Fact]
    public void Unknown_keys_are_skipped()
    {
        var tree = TreeCodec.Decode(Encoding.UTF8.GetBytes(
            $"{{\"version\":3,\"nodes\":[{{\"name\":\"a\",\"type\":\"file\",{Times},\"content\":null,\"generic_attributes\":{{\"x\":[1,{{}}]}}}}],\"more\":[]}}\n"));
        Assert.Equal("a", Assert.Single(tree.Nodes).Name.ToString());
    }

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("/etc/passwd")]
    [InlineData("a\\\\x00b")]
    [InlineData("\\\\x2e\\\\x2e")]
    [InlineData("\\\\x2fetc")]
    public void A_name_that_leads_elsewhere_is_hostile(string name) =>
        Assert.Equal(RepositoryFailure.Hostile, Refused($"{{\"nodes\":[{{\"name\":\"{name}\",\"type\":\"file\",{Times},\"content\":[]}}]}}"));

    [Theory]
    [InlineData("b", "a")]
    [InlineData("a", "a")]
    [InlineData("a", "\\\\x61")]
    public void Names_out_of_order_or_twice_are_hostile(string first, string second) => Assert.Equal(RepositoryFailure.Hostile, Refused(
        $"{{\"nodes\":[{{\"name\":\"{first}\",\"type\":\"file\",{Times},\"content\":[]}},{{\"name\":\"{second}\",\"type\":\"file\",{Times},\"content\":[]}}]}}"));

    [Theory]
    [InlineData("\"dir\"", "\"content\":null", RepositoryFailure.Hostile)]
    [InlineData("\"symlink\"", "\"content\":null", RepositoryFailure.Hostile)]
    [InlineData("\"symlink\"", "\"linktarget\":\"a\\u0000b\"", RepositoryFailure.Hostile)]
    [InlineData("\"file\"", "\"size\":5,\"content\":null", RepositoryFailure.Hostile)]
    [InlineData("\"file\"", "\"size\":18446744073709551615,\"content\":[]", RepositoryFailure.Hostile)]
    [InlineData("\"file\"", "\"size\":-1,\"content\":[]", RepositoryFailure.Damaged)]
    [InlineData("\"file\"", "\"content\":[\"12\"]", RepositoryFailure.Damaged)]
    [InlineData("\"door\"", "\"content\":null", RepositoryFailure.Unsupported)]
    public void A_node_that_makes_no_sense_is_refused(string type, string rest, RepositoryFailure failure) =>
        Assert.Equal(failure, Refused($"{{\"nodes\":[{{\"name\":\"a\",\"type\":{type},{Times},{rest}}}]}}"));

    [Fact]
    public void Damaged_text_is_refused_and_nothing_else_is_thrown()
    {
        var whole = Encoding.UTF8.GetBytes(Encode(Simple("a", NodeType.File) with { Content = [Id], Size = 1 }, Simple("b\n", NodeType.Fifo)));
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte).Sample((at, value) =>
        {
            var changed = whole.ToArray();
            changed[at] = value;
            var thrown = Record.Exception(() => TreeCodec.Decode(changed));
            Assert.True(thrown is null or RepositoryException, thrown?.ToString());
        });
        for (var length = 0; length < whole.Length - 2; length++)
        {
            Assert.Equal(RepositoryFailure.Damaged, Assert.Throws<RepositoryException>(() => TreeCodec.Decode(whole.AsSpan(0, length))).Failure);
        }
    }

    private static RepositoryFailure Refused(string json) =>
        Assert.Throws<RepositoryException>(() => TreeCodec.Decode(Encoding.UTF8.GetBytes(json))).Failure;

    private static Node Simple(string name, NodeType type) => new()
    {
        Name = new EntryName(name),
        Type = type,
        Metadata = new NodeMetadata { Permissions = 0, Modified = default },
    };

    private static string Encode(params Node[] nodes)
    {
        var json = new ArrayBufferWriter<byte>();
        TreeCodec.Encode(nodes, json);
        return Encoding.UTF8.GetString(json.WrittenSpan);
    }
}

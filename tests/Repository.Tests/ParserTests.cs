using System.Text;
using CsCheck;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Config;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Keys;
using StellaOps.Backup.Repository.Locks;
using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests;

/// <summary>Whatever bytes a parser is given, it reads them or calls them damaged (or unsupported); it never fails in another way.</summary>
public sealed class ParserTests
{
    private static readonly string Id = new('a', 64);

    private static readonly Dictionary<string, (Action<byte[]> Parse, string Sample)> Parsers = new()
    {
        ["config"] = (bytes => RepositoryConfig.Decode(bytes), $"{{\"version\":2,\"id\":\"{Id}\",\"chunker_polynomial\":\"25b468838dcb75\"}}"),
        ["key"] = (bytes => KeyFile.Decode(bytes), $"{{\"created\":\"2024-01-02T03:04:05.123456789+02:00\",\"username\":\"u\",\"hostname\":\"h\",\"kdf\":\"scrypt\",\"N\":32768,\"r\":8,\"p\":1,\"salt\":\"AAAA\",\"data\":\"{Convert.ToBase64String(new byte[100])}\"}}"),
        ["lock"] = (bytes => LockFiles.Decode(default, bytes), "{\"time\":\"2024-01-02T03:04:05.123456789+02:00\",\"exclusive\":true,\"hostname\":\"h\",\"username\":\"u\",\"pid\":4711,\"uid\":1000,\"gid\":1000}"),
        ["snapshot"] = (bytes => SnapshotFiles.Decode(default, bytes), $"{{\"time\":\"2024-01-02T03:04:05.123456789+02:00\",\"parent\":\"{Id}\",\"tree\":\"{Id}\",\"paths\":[\"/a\"],\"hostname\":\"h\",\"tags\":[\"t\"],\"summary\":{{\"files_new\":1}}}}"),
        ["index"] = (bytes => IndexFile.Decode(bytes), $"{{\"supersedes\":[\"{Id}\"],\"packs\":[{{\"id\":\"{Id}\",\"blobs\":[{{\"id\":\"{Id}\",\"type\":\"data\",\"offset\":0,\"length\":100,\"uncompressed_length\":200}},{{\"id\":\"{Id}\",\"type\":\"tree\",\"offset\":100,\"length\":50}}]}}]}}\n"),
        ["tree"] = (bytes => TreeReferences.Read(bytes), $"{{\"nodes\":[{{\"name\":\"a\",\"type\":\"file\",\"content\":[\"{Id}\"]}},{{\"name\":\"d\",\"type\":\"dir\",\"content\":null,\"subtree\":\"{Id}\"}}]}}\n"),
    };

    public static TheoryData<string> Names => [.. Parsers.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_real_thing_is_read(string name) => Parsers[name].Parse(Encoding.UTF8.GetBytes(Parsers[name].Sample));

    [Theory]
    [MemberData(nameof(Names))]
    public void Random_bytes_are_damage_and_nothing_else(string name) =>
        Gen.Byte.Array[0, 100].Sample(bytes => AssertDamagedOrRead(() => Parsers[name].Parse(bytes)));

    [Theory]
    [MemberData(nameof(Names))]
    public void Something_almost_right_is_damage_or_read(string name)
    {
        var sample = Encoding.UTF8.GetBytes(Parsers[name].Sample);
        string[] texts = ["{", "}", "[", "]", "null", "\"", ":", ",", "-1", "1e400", "99999999999", "true", "\\u0000", "\\ud800", "é", "\"nodes\":", "\"blobs\":7"];
        var pieces = Gen.Int[0, texts.Length - 1].Select(i => texts[i]);
        Gen.Select(Gen.Int[0, sample.Length], Gen.Int[0, 12], pieces).Array[1, 3].Sample(edits =>
        {
            var bytes = sample.ToList();
            foreach (var (at, remove, insert) in edits)
            {
                var start = Math.Min(at, bytes.Count);
                bytes.RemoveRange(start, Math.Min(remove, bytes.Count - start));
                bytes.InsertRange(start, Encoding.UTF8.GetBytes(insert));
            }

            AssertDamagedOrRead(() => Parsers[name].Parse([.. bytes]));
        }, iter: 3000);
    }

    [Fact]
    public async Task Authentic_files_with_a_broken_frame_are_damage()
    {
        await using var repository = await TestRepositories.InitAsync(new MemoryStore());
        using var sealer = new UnitSealer(MasterKey.Create());
        using var zstd = new Compression.Zstd(1);
        var files = new UnpackedFiles(new MemoryStore(), sealer, zstd, compress: true);
        Gen.OneOf(Gen.Byte.Array[0, 60], Gen.Byte.Array[0, 60].Select(bytes => (byte[])[2, .. bytes]), Gen.Byte.Array[0, 60].Select(bytes => (byte[])[2, 0x28, 0xb5, 0x2f, 0xfd, .. bytes])).Sample(plain =>
        {
            var unit = new byte[plain.Length + UnitCipher.Overhead];
            sealer.Seal(plain, unit);
            AssertDamagedOrRead(() => files.Decode("index/x", unit));
        });
    }

    [Fact]
    public void Blobs_with_a_broken_frame_are_damage()
    {
        using var sealer = new UnitSealer(MasterKey.Create());
        using var zstd = new Compression.Zstd(1);
        var codec = new BlobCodec(sealer, zstd, compress: true);
        Gen.Select(Gen.OneOf(Gen.Byte.Array[0, 60], Gen.Byte.Array[0, 60].Select(bytes => (byte[])[0x28, 0xb5, 0x2f, 0xfd, .. bytes])), Gen.UInt[0, 5000]).Sample((frame, length) =>
        {
            var unit = new byte[frame.Length + UnitCipher.Overhead];
            sealer.Seal(frame, unit);
            Assert.NotNull(codec.DecodeInPlace(unit, length, compressed: true, default, new GrowingBuffer(), out _));
        });
    }

    private static void AssertDamagedOrRead(Action parse)
    {
        try
        {
            parse();
        }
        catch (RepositoryException exception)
        {
            Assert.Contains(exception.Failure, (RepositoryFailure[])[RepositoryFailure.Damaged, RepositoryFailure.Unsupported]);
        }
    }
}

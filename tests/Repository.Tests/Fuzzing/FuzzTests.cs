using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Config;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Keys;
using StellaOps.Backup.Repository.Locks;
using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Trees;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Fuzzing;

/// <summary>
/// Every parser under inputs that are almost right: it reads them or throws its documented exception, soon, and takes no more memory than the input
/// can account for. <c>STELLA_FUZZ_SECONDS</c> sets the time for each parser, <c>STELLA_FUZZ_SEED</c> repeats a run.
/// </summary>
public sealed class FuzzTests
{
    /// <summary>Bytes that a parse may take beside its input: the exception with its trace, and fixed buffers.</summary>
    private const long FixedBytes = 2 << 20;

    /// <summary>Bytes that a parse may take for each byte of input: a node of a tree has a dozen objects in less than a hundred bytes of JSON.</summary>
    private const long BytesPerByte = 200;

    /// <summary>Far beyond what any input takes, also on a machine that does much else.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly string Id = new('a', 64), Other = new('b', 64);

    private static readonly Dictionary<string, (Action<byte[]> Parse, byte[][] Samples)> Parsers = new()
    {
        ["config"] = (bytes => RepositoryConfig.Decode(bytes), [Utf8($"{{\"version\":2,\"id\":\"{Id}\",\"chunker_polynomial\":\"25b468838dcb75\"}}")]),
        ["key file"] = (bytes => KeyFile.Decode(bytes), [Utf8($"{{\"created\":\"2024-01-02T03:04:05.123456789+02:00\",\"username\":\"u\",\"hostname\":\"h\",\"kdf\":\"scrypt\",\"N\":32768,\"r\":8,\"p\":1,\"salt\":\"AAAA\",\"data\":\"{Convert.ToBase64String(new byte[100])}\"}}")]),
        ["lock"] = (bytes => LockFiles.Decode(default, bytes), [Utf8("{\"time\":\"2024-01-02T03:04:05.123456789+02:00\",\"exclusive\":true,\"hostname\":\"h\",\"username\":\"u\",\"pid\":4711,\"uid\":1000,\"gid\":1000}")]),
        ["snapshot"] = (
            bytes => SnapshotFiles.Decode(default, bytes),
            [Utf8($"{{\"time\":\"2024-01-02T03:04:05.123456789+02:00\",\"parent\":\"{Id}\",\"tree\":\"{Id}\",\"paths\":[\"/a\",\"/b\"],\"hostname\":\"h\",\"uid\":7,\"excludes\":[\"*.tmp\"],\"tags\":[\"t\"],\"original\":\"{Other}\",\"summary\":{{\"files_new\":1,\"data_added\":99}}}}")]),
        ["index"] = (
            bytes => IndexFile.Decode(bytes),
            [Utf8($"{{\"supersedes\":[\"{Id}\"],\"packs\":[{{\"id\":\"{Id}\",\"blobs\":[{{\"id\":\"{Id}\",\"type\":\"data\",\"offset\":0,\"length\":100,\"uncompressed_length\":200}},{{\"id\":\"{Other}\",\"type\":\"tree\",\"offset\":100,\"length\":50}}]}}]}}\n")]),
        ["tree"] = (bytes => TreeCodec.Decode(bytes), [Tree(), Utf8("{\"nodes\":[]}\n"), Utf8("{\"nodes\":null}\n")]),
        ["references of a tree"] = (bytes => TreeReferences.Read(bytes), [Tree()]),
        ["pack header"] = (bytes => PackHeader.Decode(bytes, 4 * 500), [Header(compressed: true), Header(compressed: false)]),
        ["unpacked file"] = (UnpackedFile.Parse, UnpackedFile.Samples),
        ["location"] = (ParseLocation, [Utf8($"{{\"format\":\"stellaops-backup\",\"version\":1,\"id\":\"{Id}\"}}")]),
    };

    public static TheoryData<string> Names => [.. Parsers.Keys];

    private static double Seconds => double.TryParse(Environment.GetEnvironmentVariable("STELLA_FUZZ_SECONDS"), NumberStyles.Float, CultureInfo.InvariantCulture, out var wanted) ? wanted : 0.3;

    private static int Seed => int.TryParse(Environment.GetEnvironmentVariable("STELLA_FUZZ_SEED"), out var wanted) ? wanted : Random.Shared.Next();

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_parser_reads_or_refuses_whatever_it_is_given(string name)
    {
        var (parse, samples) = Parsers[name];
        Assert.All(samples, sample => parse(sample));
        Assert.All(samples, sample => parse(sample)); // Warm: what is made once is no cost of an input.
        var (seed, input, count) = (Seed, Array.Empty<byte>(), 0L);
        var fuzzing = Task.Run(
            () =>
            {
                var mutator = new Mutator(seed);
                for (var started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started).TotalSeconds < Seconds; count++)
                {
                    Volatile.Write(ref input, mutator.Next(samples[count % samples.Length]));
                    if (Failure(parse, input) is { } failure)
                    {
                        Assert.Fail($"{failure}\nseed {seed}, input {count}: {Convert.ToBase64String(input.AsSpan(0, Math.Min(input.Length, 4000)))}");
                    }
                }
            },
            TestContext.Current.CancellationToken);
        try
        {
            await fuzzing.WaitAsync(Patience + TimeSpan.FromSeconds(Seconds), TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"an input takes too long\nseed {seed}, input {count}: {Convert.ToBase64String(Volatile.Read(ref input))}");
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {count} inputs, seed {seed}");
        Assert.True(count > 0);
    }

    /// <summary>Found by a long run: numbers of trees have 32 bits where Linux has.</summary>
    [Theory]
    [InlineData("\"uid\":1", "\"uid\":4294967296")]
    [InlineData("\"gid\":2", "\"gid\":4294967296")]
    [InlineData("\"mode\":420", "\"mode\":6147484068")]
    public void A_number_of_a_tree_that_is_too_large_is_damage(string member, string wrong)
    {
        var json = Encoding.UTF8.GetString(Tree());
        Assert.Contains(member, json, StringComparison.Ordinal);
        var failure = Assert.Throws<RepositoryException>(() => TreeCodec.Decode(Utf8(json.Replace(member, wrong, StringComparison.Ordinal))));
        Assert.Equal(RepositoryFailure.Damaged, failure.Failure);
    }

    private static string? Failure(Action<byte[]> parse, byte[] input)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            parse(input);
        }
        catch (RepositoryException exception) when (exception.Failure is RepositoryFailure.Damaged or RepositoryFailure.Unsupported or RepositoryFailure.Hostile)
        {
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.Invalid)
        {
        }
        catch (Exception exception)
        {
            return $"another exception than those that are documented: {exception}";
        }

        var taken = GC.GetAllocatedBytesForCurrentThread() - before;
        return taken > FixedBytes + (BytesPerByte * input.Length) ? $"{taken} bytes of memory for an input of {input.Length}" : null;
    }

    private static void ParseLocation(byte[] bytes)
    {
        var store = new MemoryStore { [LocationFile.Key] = bytes };
        var found = LocationFile.FindAsync(store);
        Assert.True(found.IsCompleted); // In memory nothing waits, so that all is done, and measured, on this thread.
        found.GetAwaiter().GetResult();
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Tree()
    {
        var metadata = new NodeMetadata
        {
            Permissions = 0x1a4, Modified = new UnixTime(1_700_000_000, 5), UserId = 1, GroupId = 2, User = "u", Group = "g", Inode = 3, DeviceId = 4, Links = 2,
            ExtendedAttributes = [new ExtendedAttribute("user.a", new byte[] { 1, 2 })],
        };
        var id = BlobId.Of("a"u8);
        var buffer = new ArrayBufferWriter<byte>();
        TreeCodec.Encode(
            [
                new Node { Name = new EntryName("a\n\"é"), Type = NodeType.File, Metadata = metadata, Size = 7, Content = [id, id] },
                new Node { Name = new EntryName("d"), Type = NodeType.Directory, Metadata = metadata, Subtree = id },
                new Node { Name = new EntryName("l"), Type = NodeType.Symlink, Metadata = metadata, LinkTarget = new EntryName([0xff]) },
                new Node { Name = new EntryName([0xfe]), Type = NodeType.CharacterDevice, Metadata = metadata with { Device = 9 } },
            ],
            buffer);
        return buffer.WrittenSpan.ToArray();
    }

    private static byte[] Header(bool compressed)
    {
        var header = new List<byte>();
        for (byte i = 0; i < 4; i++)
        {
            header.AddRange([(byte)(compressed ? 2 : 0), .. BitConverter.GetBytes(500), .. compressed ? BitConverter.GetBytes(900) : [], .. Enumerable.Repeat(i, BlobId.Length)]);
        }

        return [.. header];
    }

    /// <summary>
    /// The plaintext is changed and then sealed: what a writer with the key, or a flaw of it, may leave. What a frame unpacks to is not in its
    /// length, so the memory for it is bounded by the largest size that is accepted and not measured here.
    /// </summary>
    private static class UnpackedFile
    {
        private static readonly UnitSealer Sealer = new(MasterKey.Create());
        private static readonly Compression.Zstd Zstd = new(1);
        private static readonly UnpackedFiles Files = new(new MemoryStore(), Sealer, Zstd, compress: true);

        public static byte[][] Samples { get; } = [Utf8("{\"packs\":[]}"), Packed()];

        public static void Parse(byte[] plain)
        {
            var unit = new byte[plain.Length + UnitCipher.Overhead];
            Sealer.Seal(plain, unit);
            Files.Decode("index/x", unit);
        }

        private static byte[] Packed()
        {
            var text = Utf8($"{{\"packs\":[],\"padding\":\"{Id}{Id}{Other}\"}}");
            var frame = new byte[1 + Compression.Zstd.Bound(text.Length)];
            frame[0] = 2;
            return frame[..(1 + Zstd.Compress(text, frame.AsSpan(1)))];
        }
    }
}

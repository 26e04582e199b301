using System.Security.Cryptography;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Portable.Format;
using StellaOps.Backup.Portable.Manifests;
using StellaOps.Backup.Portable.Writing;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Portable.Tests;

/// <summary>An archive of files that look like those of two components, the same for the same seed.</summary>
internal sealed class SampleArchive
{
    /// <summary>Lengths around the edges of tar blocks and of stored blocks.</summary>
    private static readonly int[] Edges = [0, 1, 511, 512, 513, 65_022, 65_023, 65_024, 65_535, 65_536, 131_000];

    private readonly Dictionary<string, byte[]> _contents = new(StringComparer.Ordinal);

    public const string Key = "nightly.tar.gz";

    private SampleArchive(int seed, int files, PointSigner signer)
    {
        var random = new Random(seed);
        var lists = new List<byte[]>();
        foreach (var component in (string[])["database", "config"])
        {
            var members = Enumerable.Range(0, files).Select(i => File($"{component}/data/{i:x2}/{i:x64}", random)).ToList();
            lists.Add(MemberList.Encode(members));
        }

        ArchiveMember[] small =
        [
            Member("README.txt", "read me\n"u8.ToArray()), Member("database.contents", lists[0]), Member("config.contents", lists[1]),
        ];
        Envelope = ArchiveManifestCodec.Sign(new ArchiveManifest
        {
            Version = 1,
            PointId = Guid.Parse("0196a1b2-0000-7000-8000-00000000002a"),
            PointName = "nightly",
            Full = true,
            PointStartedAt = new DateTimeOffset(2026, 1, 17, 2, 0, 0, TimeSpan.Zero),
            PublicKey = signer.PublicKeyPem,
            Members = small,
            Lists = ["database.contents", "config.contents"],
        }, signer);
        _contents["archive.json"] = Envelope;
        Plan = ArchivePlan.Make(Envelope, lists);
    }

    public byte[] Envelope { get; }

    public ArchivePlan Plan { get; }

    public IReadOnlyDictionary<string, byte[]> Contents => _contents;

    public static SampleArchive Make(int seed, int files = 12)
    {
        using var signer = Signer();
        return new SampleArchive(seed, files, signer);
    }

    public static PointSigner Signer()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var directory = new TemporaryDirectory();
        System.IO.File.WriteAllText(directory["key.pem"], key.ExportPkcs8PrivateKeyPem());
        return PointSigner.FromPemFile(directory["key.pem"]);
    }

    public async Task<MemoryStore> WriteAsync(CancellationToken cancellationToken)
    {
        var store = new MemoryStore();
        await using var stream = Stream();
        await ((IObjectStore)store).PutAsync(Key, stream, PutMode.Create, cancellationToken);
        return store;
    }

    public ArchiveStream Stream() => new(Plan, async (member, _) =>
    {
        await Task.Yield();
        return _contents[member.Path];
    });

    /// <summary>As if somebody had changed the file since its digest was taken.</summary>
    public void Change(string path) => _contents[path] = [.. _contents[path].Select(value => (byte)~value)];

    private ArchiveMember File(string path, Random random)
    {
        var content = new byte[random.Next(2) == 0 ? Edges[random.Next(Edges.Length)] : random.Next(200_000)];
        random.NextBytes(content);
        return Member(path, content);
    }

    private ArchiveMember Member(string path, byte[] content)
    {
        _contents[path] = content;
        return new ArchiveMember { Path = path, Length = content.Length, Sha256 = Convert.ToHexStringLower(SHA256.HashData(content)) };
    }
}

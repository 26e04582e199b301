using System.Text;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Portable.Format;
using StellaOps.Backup.Portable.Manifests;
using StellaOps.Backup.Portable.Reading;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Portable.Tests;

public sealed class ArchiveDamageTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_archive_that_is_cut_off_anywhere_is_not_opened()
    {
        var whole = (await SampleArchive.Make(6, files: 2).WriteAsync(Token))[SampleArchive.Key];
        foreach (var length in Places(whole.Length, 60))
        {
            var refused = await Assert.ThrowsAsync<BackupException>(() => OpenAsync(whole[..length]));
            Assert.True(refused.Error == ErrorCodes.Damaged, $"cut at {length}: {refused.Message}");
        }

        Assert.Equal(ErrorCodes.Damaged, (await Assert.ThrowsAsync<BackupException>(() => OpenAsync([.. whole, 0]))).Error);
    }

    [Fact]
    public async Task A_changed_byte_anywhere_is_found()
    {
        var whole = (await SampleArchive.Make(7, files: 2).WriteAsync(Token))[SampleArchive.Key];
        foreach (var at in Places(whole.Length, 60))
        {
            var changed = (byte[])whole.Clone();
            changed[at] ^= 0x10;
            try
            {
                await using var store = await OpenAsync(changed);
                using var verifier = PointVerifier.FromPem(store.Manifest.PublicKey);
                verifier.Require(store.Envelope);
                await ArchiveVerification.RunAsync(store, cancellationToken: Token);
                Assert.Fail($"a change at {at} of {whole.Length} was not found");
            }
            catch (BackupException found) when (found.Error == ErrorCodes.Damaged || found.Error == ErrorCodes.BadSignature || found.Error == ErrorCodes.VersionMismatch || found.Error == ErrorCodes.NotConfigured)
            {
                // In the manifest it may also be the public key or the version that is not what it was.
            }
        }
    }

    [Fact]
    public async Task A_file_that_changed_since_its_digest_was_taken_ends_the_writing()
    {
        var sample = SampleArchive.Make(8);
        sample.Change(sample.Contents.Keys.Last(path => path.StartsWith("config/", StringComparison.Ordinal) && sample.Contents[path].Length > 0));
        await using var stream = sample.Stream();
        var store = new MemoryStore();
        var refused = await Assert.ThrowsAsync<BackupException>(async () => await ((IObjectStore)store).PutAsync(SampleArchive.Key, stream, PutMode.Create, Token));
        Assert.Equal(ErrorCodes.Damaged, refused.Error);
        Assert.Empty(store.Keys);
    }

    [Theory]
    [InlineData("../etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData("README.txt")]
    [InlineData("config/grüße")]
    public void Names_that_lead_elsewhere_or_come_twice_are_refused(string path)
    {
        var layout = new ArchiveLayout();
        layout.Add([new ArchiveMember { Path = "README.txt", Length = 1, Sha256 = new string('0', 64) }]);
        Assert.Equal(ErrorCodes.Damaged, Assert.Throws<BackupException>(() => layout.Add([new ArchiveMember { Path = path, Length = 1, Sha256 = new string('0', 64) }])).Error);
    }

    [Theory]
    [InlineData("members")]
    [InlineData("lists")]
    public void A_list_of_the_manifest_with_a_null_in_it_is_damaged(string list)
    {
        var envelope = SignedEnvelope.Parse(SampleArchive.Make(6, files: 1).Envelope);
        var odd = Encoding.UTF8.GetString(envelope.Payload).Replace($"\"{list}\":[", $"\"{list}\":[null,", StringComparison.Ordinal);
        Assert.Equal(ErrorCodes.Damaged, Assert.Throws<BackupException>(() => ArchiveManifestCodec.Decode(envelope with { Payload = Encoding.UTF8.GetBytes(odd) })).Error);
    }

    /// <summary>Whoever made it up: the lengths in it are believed only as far as the archive goes.</summary>
    [Fact]
    public async Task No_memory_is_taken_for_a_list_that_is_longer_than_the_archive()
    {
        using var signer = SampleArchive.Signer();
        var envelope = ArchiveManifestCodec.Sign(new ArchiveManifest
        {
            Version = 1,
            PointId = Guid.NewGuid(),
            PointName = "made-up",
            Full = true,
            PointStartedAt = DateTimeOffset.UnixEpoch,
            PublicKey = signer.PublicKeyPem,
            Members = [new ArchiveMember { Path = "database.contents", Length = 1 << 30, Sha256 = new string('0', 64) }],
            Lists = ["database.contents"],
        }, signer);
        using var first = MemberEncoding.Encode(new ArchiveMember { Path = "archive.json", Length = envelope.Length, Sha256 = "" }, envelope, DateTimeOffset.UnixEpoch);
        var before = GC.GetTotalAllocatedBytes();

        var refused = await Assert.ThrowsAsync<BackupException>(() => OpenAsync([.. first.Memory.Span, .. new byte[4096]]));

        Assert.Equal(ErrorCodes.Damaged, refused.Error);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 500 << 20);
    }

    [Fact]
    public async Task Another_key_does_not_make_it_trusted()
    {
        await using var store = await OpenAsync((await SampleArchive.Make(9).WriteAsync(Token))[SampleArchive.Key]);
        using var stranger = SampleArchive.Signer();
        using var verifier = PointVerifier.FromPem(stranger.PublicKeyPem);
        Assert.Equal(ErrorCodes.BadSignature, Assert.Throws<BackupException>(() => verifier.Require(store.Envelope)).Error);
    }

    [Fact]
    public async Task What_is_not_there_or_no_archive_is_said_so()
    {
        Assert.Equal(ErrorCodes.ArchiveNotFound, (await Assert.ThrowsAsync<BackupException>(() => ArchiveOpening.OpenAsync(new MemoryStore(), SampleArchive.Key, Token))).Error);
        foreach (var content in (byte[][])[[], new byte[100_000], [.. Enumerable.Range(0, 5000).Select(i => (byte)(i * 31))]])
        {
            Assert.Equal(ErrorCodes.Damaged, (await Assert.ThrowsAsync<BackupException>(() => OpenAsync(content))).Error);
        }
    }

    private static Task<ArchiveStore> OpenAsync(byte[] content)
    {
        var store = new MemoryStore { [SampleArchive.Key] = content };
        return ArchiveOpening.OpenAsync(store, SampleArchive.Key, Token);
    }

    /// <summary>The first bytes each, and some of all the others.</summary>
    private static IEnumerable<int> Places(int length, int number)
    {
        var random = new Random(number);
        return Enumerable.Range(0, 30).Concat(Enumerable.Range(0, number).Select(_ => random.Next(length))).Append(length - 1).Where(at => at < length).Distinct();
    }
}

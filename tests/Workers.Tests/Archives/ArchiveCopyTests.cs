using System.Security.Cryptography;
using System.Text;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Portable;
using StellaOps.Backup.Portable.Format;
using StellaOps.Backup.Portable.Manifests;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Rotation;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Workers.Failures;

namespace StellaOps.Backup.Workers.Tests.Archives;

/// <summary>Both stages of an archive as a worker does them; the coordinator's part between them is played here.</summary>
public sealed class ArchiveCopyTests : IAsyncDisposable
{
    private readonly WorkerBench _bench = new();
    private readonly Guid _point = Guid.CreateVersion7();
    private readonly PointSigner _signer;

    public ArchiveCopyTests()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        File.WriteAllText(_bench["key.pem"], key.ExportPkcs8PrivateKeyPem());
        _signer = PointSigner.FromPemFile(_bench["key.pem"]);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Archive => Path.Combine(_bench["cold"], "point.tar.gz");

    public async ValueTask DisposeAsync()
    {
        _signer.Dispose();
        await _bench.DisposeAsync();
    }

    [Fact]
    public async Task A_snapshot_that_is_gone_from_the_location_is_verified_in_its_archive_and_damage_there_is_found()
    {
        var snapshot = await BackupAsync("first");
        var (_, source) = await ArchiveAsync(snapshot);
        await _bench.ForgetAsync(snapshot, TimeSpan.Zero);
        await Assert.ThrowsAsync<DamagedException>(() => _bench.VerifyAsync(snapshot));
        Assert.Equal(ProofDepth.Verified, (await _bench.VerifyAsync(snapshot, source)).Proof!.Depth);

        await using (var archive = File.Open(Archive, FileMode.Open))
        {
            archive.Position = archive.Length / 2;
            var value = archive.ReadByte();
            archive.Position--;
            archive.WriteByte((byte)~value);
        }

        await Assert.ThrowsAsync<DamagedException>(() => _bench.VerifyAsync(snapshot, source));
    }

    [Fact]
    public async Task An_archive_of_the_same_snapshots_that_is_there_is_taken_and_one_of_others_is_refused()
    {
        var first = await BackupAsync("first");
        await ArchiveAsync(first);
        var written = await File.ReadAllBytesAsync(Archive, Token);

        // Another operation signs another manifest of the same.
        var (again, _) = await ArchiveAsync(first);
        Assert.NotNull(again.Manifest);
        Assert.Equal(written.Length, again.Bytes);
        Assert.Equal(["read back"], again.Phases.Select(phase => phase.Phase));
        Assert.Equal(written, await File.ReadAllBytesAsync(Archive, Token));

        var second = await BackupAsync("second");
        var refused = await Assert.ThrowsAsync<BackupException>(() => ArchiveAsync(second));
        Assert.Equal(ErrorCodes.DuplicateName, refused.Error);
        Assert.Equal(written, await File.ReadAllBytesAsync(Archive, Token));
    }

    [Fact]
    public async Task A_copy_takes_an_archive_of_the_same_snapshots_and_replaces_one_of_fewer_but_never_one_of_more()
    {
        var (first, second) = (await BackupAsync("first"), await BackupAsync("second"));
        await CopyAsync(first);
        Assert.Equal(["write", "read back"], (await CopyAsync(first, second)).Result.Phases.Select(phase => phase.Phase));
        var written = await File.ReadAllBytesAsync(Archive, Token);

        var (again, source) = await CopyAsync(first, second);
        Assert.NotNull(again.Manifest);
        Assert.Equal(["read back"], again.Phases.Select(phase => phase.Phase));

        var refused = await Assert.ThrowsAsync<BackupException>(() => CopyAsync(second));
        Assert.Equal(ErrorCodes.DuplicateName, refused.Error);
        Assert.Contains("(evidence)", refused.Message, StringComparison.Ordinal);
        Assert.Equal(written, await File.ReadAllBytesAsync(Archive, Token));
        Assert.Equal(ProofDepth.Verified, (await _bench.VerifyAsync(first, source)).Proof!.Depth);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_archive_that_would_be_taken_and_does_not_read_back_is_written_anew(bool keepsExisting)
    {
        var snapshot = await BackupAsync("first");
        await RunAsync(keepsExisting, snapshot);
        await using (var archive = File.Open(Archive, FileMode.Open))
        {
            archive.Position = archive.Length / 2;
            var value = archive.ReadByte();
            archive.Position--;
            archive.WriteByte((byte)~value);
        }

        var (again, source) = await RunAsync(keepsExisting, snapshot);
        Assert.Equal(["write", "read back"], again.Phases.Select(phase => phase.Phase));
        Assert.Equal(ProofDepth.Verified, (await _bench.VerifyAsync(snapshot, source)).Proof!.Depth);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_archive_that_only_former_passwords_open_is_not_taken(bool newMasterKey)
    {
        var snapshot = await BackupAsync("first");
        await ArchiveAsync(snapshot);
        var written = await File.ReadAllBytesAsync(Archive, Token);
        await ChangePasswordAsync(newMasterKey);

        var refused = await Assert.ThrowsAsync<BackupException>(() => ArchiveAsync(snapshot));
        Assert.Equal(ErrorCodes.DuplicateName, refused.Error);
        Assert.Contains("former", refused.Message, StringComparison.Ordinal);
        Assert.Equal(written, await File.ReadAllBytesAsync(Archive, Token));

        // A copy takes nothing out of the location, so it may replace what holds no more.
        var (copied, source) = await CopyAsync(snapshot);
        Assert.Equal(["write", "read back"], copied.Phases.Select(phase => phase.Phase));
        Assert.Equal(ProofDepth.Verified, (await _bench.VerifyAsync(snapshot, source)).Proof!.Depth);
    }

    [Fact]
    public async Task An_archive_that_was_cut_off_is_written_again()
    {
        var snapshot = await BackupAsync("first");
        await ArchiveAsync(snapshot);
        var length = new FileInfo(Archive).Length;
        await using (var archive = File.OpenWrite(Archive))
        {
            archive.SetLength(length / 2);
        }

        var (again, source) = await ArchiveAsync(snapshot);
        Assert.Equal(["write", "read back"], again.Phases.Select(phase => phase.Phase));
        Assert.Equal(Outcome.Complete, (await _bench.VerifyAsync(snapshot, source)).Outcome);
    }

    [Fact]
    public async Task An_attempt_goes_on_where_a_killed_one_stopped_and_what_that_left_is_read_back_like_all_else()
    {
        var (spec, operation) = await PrepareAsync(await BackupAsync(string.Concat(Enumerable.Repeat("x", 40))));
        await _bench.ExecuteAsync(spec, operation);
        var whole = await File.ReadAllBytesAsync(Archive, Token);
        var left = $"{Archive}-tmp-r{Digest(spec.Manifest!)[..16]}";
        var half = whole[..((1 << 20) + 5000)];
        File.Delete(Archive);
        await File.WriteAllBytesAsync(left, half, Token);
        await _bench.ExecuteAsync(spec, operation);
        Assert.Equal(whole, await File.ReadAllBytesAsync(Archive, Token));

        // It did go on: what was wrong in what was left is wrong in the archive, and found.
        File.Delete(Archive);
        half[1 << 19] ^= 1;
        await File.WriteAllBytesAsync(left, half, Token);
        Assert.Equal(ErrorCodes.Damaged, (await Assert.ThrowsAsync<BackupException>(() => _bench.ExecuteAsync(spec, operation))).Error);
        Assert.Empty(Directory.GetFiles(_bench["cold"]));
        await _bench.ExecuteAsync(spec, operation);
        Assert.Equal(whole, await File.ReadAllBytesAsync(Archive, Token));
    }

    private async Task<string> BackupAsync(string content)
    {
        _bench.Write(content, Convert.ToHexString(RandomNumberGenerator.GetBytes(content.Length * 40_000)));
        return await _bench.BackupAsync();
    }

    private async Task ChangePasswordAsync(bool newMasterKey)
    {
        const string Next = "battery staple";
        if (newMasterKey)
        {
            await using var location = new LocalObjectStore(_bench.Location);
            var options = new RepositoryOptions { Kdf = new KdfParameters(16, 8, 1), LockWait = TimeSpan.FromMinutes(2) };
            await new KeyRotation(location, "evidence", options).RunAsync(new RotationRequest { Password = "correct horse", NewPassword = Next }, Token);
        }
        else
        {
            await using var opened = await _bench.Repositories.OpenAsync(Component.Evidence, Token);
            await opened.Repository.Keys.ChangePasswordAsync(Next, Token);
        }

        await File.WriteAllTextAsync(_bench["password"], Next, Token);
    }

    private Task<(CopyResult Result, ArchiveSource Source)> ArchiveAsync(params string[] snapshots) => RunAsync(keepsExisting: true, snapshots);

    private Task<(CopyResult Result, ArchiveSource Source)> CopyAsync(params string[] snapshots) => RunAsync(keepsExisting: false, snapshots);

    private async Task<(CopyResult Result, ArchiveSource Source)> RunAsync(bool keepsExisting, params string[] snapshots)
    {
        var (spec, operation) = await PrepareAsync(snapshots);
        var result = (await _bench.ExecuteAsync(spec with { KeepsExisting = keepsExisting }, operation)).Copy!;
        return (result, new ArchiveSource { Url = Archive, ManifestSha256 = Digest(result.Manifest ?? spec.Manifest!) });
    }

    private async Task<(ArchiveSpec Spec, Guid Operation)> PrepareAsync(params string[] snapshots)
    {
        var operation = Guid.NewGuid();
        var listed = (await _bench.ExecuteAsync(new ExportSpec { PointId = _point, PointName = "point", SnapshotIds = snapshots }, operation)).Copy!;
        var point = Point(snapshots);
        ArchiveFile[] files =
        [
            new() { Path = ArchiveReadme.Path, Content = ArchiveReadme.Text },
            new() { Path = StoredPoint.At(point.Id, point.StartedAt).Key, Content = Encoding.UTF8.GetString(_signer.Sign(point).ToJson()) },
        ];
        var list = ArchiveExchange.ListPath(Component.Evidence);
        var manifest = ArchiveManifestCodec.Sign(
            new ArchiveManifest
            {
                Version = ArchiveManifest.CurrentVersion, PointId = _point, PointName = "point", Full = false, PointStartedAt = point.StartedAt, PublicKey = _signer.PublicKeyPem,
                Members = [.. files.Select(Small), new ArchiveMember { Path = list, Length = listed.ListLength, Sha256 = listed.ListSha256! }],
                Lists = [list],
            },
            _signer);
        var spec = new ArchiveSpec
        {
            PointId = _point, PointName = "point", Destination = _bench["cold"], Files = files, Manifest = Encoding.UTF8.GetString(manifest), KeepsExisting = true,
            Parts = [new ArchivePart { Component = Component.Evidence, Folder = listed.Folder! }],
        };
        return (spec, operation);
    }

    private static string Digest(string manifest) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(manifest)));

    private static ArchiveMember Small(ArchiveFile file)
    {
        var content = Encoding.UTF8.GetBytes(file.Content);
        return new ArchiveMember { Path = file.Path, Length = content.Length, Sha256 = Convert.ToHexStringLower(SHA256.HashData(content)) };
    }

    private PointManifest Point(string[] snapshots)
    {
        var at = new DateTimeOffset(2026, 1, 17, 2, 0, 0, TimeSpan.Zero);
        return new PointManifest
        {
            Version = PointManifest.CurrentVersion, Id = _point, Name = "point", Full = false, Outcome = Outcome.Complete, OperationId = Guid.Empty, StartedAt = at, FinishedAt = at, ProductVersion = "1",
            Components =
            [
                .. snapshots.Select(snapshot => new ComponentSnapshot
                {
                    Component = Component.Evidence, Outcome = Outcome.Complete, RepositoryId = new string('a', 64), SnapshotId = snapshot, StartedAt = at, FinishedAt = at, Files = 1, Bytes = 1, BytesAdded = 1,
                }),
            ],
        };
    }
}

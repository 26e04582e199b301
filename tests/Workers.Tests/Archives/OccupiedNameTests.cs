using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Portable.Format;
using StellaOps.Backup.Portable.Manifests;
using StellaOps.Backup.Portable.Writing;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Workers.Archives;

namespace StellaOps.Backup.Workers.Tests.Archives;

/// <summary>What a copy does with a file that has the name of its archive.</summary>
public sealed class OccupiedNameTests : IDisposable
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private readonly TemporaryDirectory _directory = new("stella-copy-");

    private string Archive => _directory["offsite", "nightly.tar.gz"];

    private string Latest => _directory["offsite", "latest-full.tar.gz"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_copy_that_is_made_again_finds_its_archive_and_reads_it_back()
    {
        var spec = Spec(Guid.NewGuid());
        await RunAsync(spec);
        var written = File.GetLastWriteTimeUtc(Archive);
        Assert.Equal(["read back"], (await RunAsync(spec)).Copy!.Phases.Select(phase => phase.Phase));
        Assert.Equal(written, File.GetLastWriteTimeUtc(Archive));
        Assert.Equal(await File.ReadAllBytesAsync(Archive, Token), await File.ReadAllBytesAsync(Latest, Token));
    }

    [Theory]
    [InlineData("somebody's own file, of a name that we want")]
    [InlineData("")]
    public async Task A_file_that_is_no_archive_is_never_written_over(string theirs)
    {
        Directory.CreateDirectory(_directory["offsite"]);
        await File.WriteAllTextAsync(Archive, theirs, Token);
        var refused = await Assert.ThrowsAsync<BackupException>(() => RunAsync(Spec(Guid.NewGuid())));
        Assert.Equal(ErrorCodes.DuplicateName, refused.Error);
        Assert.Equal(theirs, await File.ReadAllTextAsync(Archive, Token));
    }

    [Fact]
    public async Task A_damaged_archive_and_that_of_another_point_are_never_written_over()
    {
        await RunAsync(Spec(Guid.NewGuid()));
        Assert.Equal(ErrorCodes.DuplicateName, (await Assert.ThrowsAsync<BackupException>(() => RunAsync(Spec(Guid.NewGuid())))).Error);
        await File.WriteAllBytesAsync(Archive, (await File.ReadAllBytesAsync(Archive, Token))[..^1], Token);
        Assert.Equal(ErrorCodes.DuplicateName, (await Assert.ThrowsAsync<BackupException>(() => RunAsync(Spec(Guid.NewGuid())))).Error);
    }

    [Fact]
    public async Task An_archive_that_is_damaged_is_removed_by_none_but_the_copy_that_wrote_it()
    {
        var point = Guid.NewGuid();
        var (earlier, later) = (Spec(point), Spec(point));
        await RunAsync(later);
        var written = await File.ReadAllBytesAsync(Archive, Token);
        await using var place = new LocalObjectStore(_directory["offsite"]);

        var refused = await Assert.ThrowsAsync<BackupException>(() => ExistingArchive.RemoveOwnAsync(place, "nightly.tar.gz", PlanOf(earlier), Token));
        Assert.Equal(ErrorCodes.OperationConflict, refused.Error);
        Assert.Equal(written, await File.ReadAllBytesAsync(Archive, Token));

        await ExistingArchive.RemoveOwnAsync(place, "nightly.tar.gz", PlanOf(later), Token);
        Assert.False(File.Exists(Archive));
    }

    [Fact]
    public async Task A_point_that_is_called_as_the_latest_archive_is_not_put_in_its_place()
    {
        var refused = await Assert.ThrowsAsync<BackupException>(() => RunAsync(Spec(Guid.NewGuid()) with { PointName = "latest-full" }));
        Assert.Equal(ErrorCodes.DuplicateName, refused.Error);
        Assert.False(Directory.Exists(_directory["offsite"]));
    }

    [Fact]
    public async Task A_latest_archive_that_is_none_stays_and_the_copy_says_so_and_a_damaged_one_is_replaced()
    {
        const string Theirs = "somebody's own file, of a name that we want";
        Directory.CreateDirectory(_directory["offsite"]);
        await File.WriteAllTextAsync(Latest, Theirs, Token);
        var spec = Spec(Guid.NewGuid());
        Assert.Contains((await RunAsync(spec)).Copy!.Notes, note => note.StartsWith("latest-full.tar.gz stays", StringComparison.Ordinal));
        Assert.Equal(Theirs, await File.ReadAllTextAsync(Latest, Token));

        var whole = await File.ReadAllBytesAsync(Archive, Token);
        await File.WriteAllBytesAsync(Latest, whole[..^1], Token);
        await RunAsync(spec);
        Assert.Equal(whole, await File.ReadAllBytesAsync(Latest, Token));
    }

    [Fact]
    public async Task A_latest_archive_that_is_damaged_deep_inside_is_whole_after_the_next_copy()
    {
        var spec = Spec(Guid.NewGuid());
        await RunAsync(spec);
        var whole = await File.ReadAllBytesAsync(Archive, Token);

        // As in a place that copies bytes: a file of its own, whose manifest is still that of the archive.
        var damaged = whole.ToArray();
        damaged[whole.AsSpan().IndexOf("read me"u8)] ^= 1;
        File.Delete(Latest);
        await File.WriteAllBytesAsync(Latest, damaged, Token);

        Assert.Equal(["read back"], (await RunAsync(spec)).Copy!.Phases.Select(phase => phase.Phase));

        Assert.Equal(whole, await File.ReadAllBytesAsync(Latest, Token));
    }

    [Fact]
    public async Task What_others_left_of_their_files_is_not_swept()
    {
        const string End = "-tmp-s0123456789abcdef";
        Directory.CreateDirectory(_directory["offsite", "below"]);
        string[] left = [_directory["offsite", $"earlier.tar.gz{End}"], _directory["offsite", $"theirs.bin{End}"], _directory["offsite", "below", $"theirs.tar.gz{End}"]];
        foreach (var path in left)
        {
            await File.WriteAllTextAsync(path, "half", Token);
            File.SetLastWriteTimeUtc(path, File.GetLastWriteTimeUtc(path).AddDays(-2));
        }

        await RunAsync(Spec(Guid.NewGuid()));

        Assert.Equal([false, true, true], left.Select(File.Exists));
    }

    private static ArchivePlan PlanOf(ArchiveSpec spec) => ArchivePlan.Make(Encoding.UTF8.GetBytes(spec.Manifest!), []);

    private Task<TaskResult> RunAsync(ArchiveSpec spec) => new ArchiveCopy(Options.Create(new LocationSettings { Url = _directory["location"] }), TimeProvider.System)
        .RunAsync(WorkerBench.Context(), spec, Token);

    /// <summary>An archive of one file, which the command brings along.</summary>
    private ArchiveSpec Spec(Guid point)
    {
        const string Text = "read me\n";
        using var signer = Signer();
        var manifest = ArchiveManifestCodec.Sign(new ArchiveManifest
        {
            Version = 1,
            PointId = point,
            PointName = "nightly",
            Full = true,
            PointStartedAt = new DateTimeOffset(2026, 1, 17, 2, 0, 0, TimeSpan.Zero),
            PublicKey = signer.PublicKeyPem,
            Members = [new ArchiveMember { Path = "README.txt", Length = Text.Length, Sha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text))) }],
            Lists = [],
        }, signer);
        return new ArchiveSpec
        {
            PointId = point,
            PointName = "nightly",
            Destination = _directory["offsite"],
            Full = true,
            Manifest = Encoding.UTF8.GetString(manifest),
            Files = [new ArchiveFile { Path = "README.txt", Content = Text }],
        };
    }

    private PointSigner Signer()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        File.WriteAllText(_directory["key.pem"], key.ExportPkcs8PrivateKeyPem());
        return PointSigner.FromPemFile(_directory["key.pem"]);
    }
}

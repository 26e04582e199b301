using System.Runtime.CompilerServices;
using System.Text;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;
using StellaOps.Backup.Repository.Queries;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Trees;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Repository.Tests.Compatibility;

/// <summary>Repositories that were written once and are never written again: every later version has to read them.</summary>
public sealed class GoldenTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names =>
        [.. Directory.GetFiles(Folder(), "*.tar").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    public void Dispose()
    {
        // .NET cannot delete names that are not UTF-8.
        Processes.RunAsync("rm", ["-rf", _directory["restored"]]).GetAwaiter().GetResult().Checked();
        _directory.Dispose();
    }

    [Fact]
    public void There_are_repositories_of_both_programs_and_both_versions() => Assert.Equal(
        ["restic-0.14-v1", "restic-0.14-v2", "stella-0.1"], Directory.GetFiles(Folder(), "*.tar").Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal).Take(3));

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_repository_of_an_earlier_time_is_verified_listed_and_restored(string name)
    {
        (await Processes.RunAsync("tar", ["-xf", Path.Combine(Folder(), $"{name}.tar"), "-C", _directory.Path], cancellationToken: Cancellation)).Checked();
        await using var store = new LocalObjectStore(_directory[name]);
        await using var repository = await ResticRepository.OpenAsync(store, "golden", TestRepositories.Cheap, Cancellation);
        await repository.LoadIndexAsync(Cancellation);
        Assert.Empty((await repository.VerifyAsync(new VerifyRequest(), Cancellation)).Damages);

        var snapshots = await new SnapshotSearch(repository).ListAsync(cancellationToken: Cancellation);
        Assert.Equal(2, snapshots.Count);
        Assert.All(snapshots, snapshot => Assert.Equal(("golden", "/golden", "golden"), (snapshot.Hostname, snapshot.Paths.Single(), snapshot.Tags!.Single())));
        var report = await new Restorer(repository).RunAsync(
            new RestoreRequest
            {
                Snapshot = snapshots[0], Subtree = "/golden", TargetDirectory = _directory["restored"], VerifyFirst = VerifyFirst.Everything,
                Owners = OwnerMap.Fixed(Libc.EffectiveUserId(), Libc.EffectiveUserId()),
            },
            Cancellation);
        Assert.Empty(report.Conflicts);
        AssertContent("text", Text());
        AssertContent("noise", Noise());
        AssertContent("linked", Noise());
        AssertContent("empty", []);
        AssertContent("changed", "changed\n"u8.ToArray());
        AssertContent("sub/ünï 😀\nline", "hard name"u8.ToArray());
        Assert.Equal("text", File.ResolveLinkTarget(_directory["restored", "link"], returnFinalTarget: false)!.Name);
        var older = await new TreeReader(repository.Blobs).FindAsync(snapshots[1].Tree, "/golden", Cancellation);
        var names = (await new TreeReader(repository.Blobs).ReadAsync(older!.Subtree!.Value, Cancellation)).Nodes;
        Assert.Equal(["empty", "link", "linked", "noise", "sub", "text"], names.Select(node => node.Name.ToString()));
        Assert.Equal("user.golden", names[^1].Metadata.ExtendedAttributes.Single().Name);
        Assert.Contains((await new TreeReader(repository.Blobs).ReadAsync(names[^2].Subtree!.Value, Cancellation)).Nodes, node => node.Name == new EntryName([0xff, 0xfe]));
    }

    private void AssertContent(string name, byte[] expected) =>
        Assert.Equal(BlobId.Of(expected), BlobId.Of(File.ReadAllBytes(_directory["restored", name])));

    private static byte[] Text() =>
        Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 1000).Select(i => $"line {i} of a text that compresses\n")));

    private static byte[] Noise()
    {
        var state = 7u;
        return [.. Enumerable.Range(0, 12_000).Select(_ => (byte)((state = ((state * 1_103_515_245) + 12_345) & 0x7fffffff) >> 16))];
    }

    private static string Folder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "golden");
}

using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Tests.Archive;

namespace StellaOps.Backup.Repository.Tests.Restore;

/// <summary>Restores that change names and contents.</summary>
public sealed class TransformRestoreTests
{
    [Fact]
    public async Task A_transform_changes_names_and_contents()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        Directory.CreateDirectory($"{fixture.Source}/d");
        File.WriteAllBytes($"{fixture.Source}/d/secret.upper", [.. Enumerable.Repeat((byte)'x', 3_000_000)]);
        File.WriteAllText($"{fixture.Source}/plain", "plain");
        File.SetUnixFileMode($"{fixture.Source}/d/secret.upper", UnixFileMode.UserRead);
        var archived = await fixture.ArchiveAsync();
        RestoreRequest Upper(RestoreRequest request) => request with { Transform = new UpperTransform(), DeleteExtra = true };

        var first = await fixture.RestoreAsync(archived.Snapshot, Upper);
        Assert.Equal((2, 0), (first.FilesWritten, first.FilesUnchanged));
        Assert.Equal(new string('X', 3_000_000), File.ReadAllText($"{fixture.Target}/d/secret"));
        Assert.Equal(["secret"], Directory.GetFiles($"{fixture.Target}/d").Select(Path.GetFileName));
        Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode($"{fixture.Target}/d/secret"));

        Assert.Equal(2, (await fixture.RestoreAsync(archived.Snapshot, Upper)).FilesUnchanged);
        File.Delete($"{fixture.Target}/d/secret");
        File.WriteAllText($"{fixture.Target}/d/secret", "another");
        var adding = await fixture.RestoreAsync(archived.Snapshot, request => Upper(request) with { Existing = ExistingFiles.AddOnly, DeleteExtra = false });
        Assert.Equal("d/secret", Assert.Single(adding.Conflicts).Path);
        Assert.Equal("another", File.ReadAllText($"{fixture.Target}/d/secret"));
    }

    [Theory]
    [InlineData("a", "a.upper")]
    [InlineData("x", "...upper")]
    public async Task Names_that_a_transform_makes_unusable_are_refused(string first, string second)
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        File.WriteAllText($"{fixture.Source}/{first}", "");
        File.WriteAllText($"{fixture.Source}/{second}", "");
        var archived = await fixture.ArchiveAsync();
        var failure = await Assert.ThrowsAsync<RepositoryException>(() => fixture.RestoreAsync(archived.Snapshot, request => request with { Transform = new UpperTransform() }));
        Assert.Equal(RepositoryFailure.Hostile, failure.Failure);
    }

    private sealed class UpperTransform : IContentTransform
    {
        public EntryName? NameOf(string path, Repository.Trees.Node file) =>
            path.EndsWith(".upper", StringComparison.Ordinal) ? new EntryName(file.Name.Bytes[..^6]) : null;

        public async Task TransformAsync(string path, Stream saved, Stream restored, CancellationToken cancellationToken)
        {
            using var reader = new StreamReader(saved);
            await restored.WriteAsync(System.Text.Encoding.ASCII.GetBytes((await reader.ReadToEndAsync(cancellationToken)).ToUpperInvariant()), cancellationToken);
        }
    }
}

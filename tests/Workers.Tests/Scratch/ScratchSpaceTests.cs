using StellaOps.Backup.Contracts;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Workers.Scratch;

namespace StellaOps.Backup.Workers.Tests.Scratch;

public sealed class ScratchSpaceTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly List<string> _failed = [];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task What_a_dead_process_left_is_removed_and_what_is_in_use_stays()
    {
        await using var used = ScratchSpace.Create(_directory.Path, Component.Evidence);
        var abandoned = Directory.CreateDirectory(_directory["stella-evidence-abandoned", "below"]);
        await File.WriteAllTextAsync(_directory["stella-evidence-abandoned.lock"], "", TestContext.Current.CancellationToken);
        var others = Directory.CreateDirectory(_directory["stella-config-abandoned"]);
        await File.WriteAllTextAsync(_directory["stella-config-abandoned.lock"], "", TestContext.Current.CancellationToken);

        Assert.Equal(1, await RemoveAbandonedAsync());
        Assert.Empty(_failed);
        Assert.False(abandoned.Parent!.Exists);
        Assert.True(Directory.Exists(used.Path));
        Assert.True(others.Exists);
    }

    [Fact]
    public async Task Closed_directories_and_names_that_are_not_UTF8_are_removed_too()
    {
        var space = ScratchSpace.Create(_directory.Path, Component.Evidence);
        const string script = "mkdir -p \"$1/a/b\" && touch \"$1/a/b/$(printf '\\377')\" && chmod 500 \"$1/a/b\"";
        (await Processes.RunAsync("/bin/sh", ["-c", script, "sh", space.Path], cancellationToken: TestContext.Current.CancellationToken)).Checked();
        await space.DisposeAsync();
        Assert.Empty(Directory.EnumerateFileSystemEntries(_directory.Path));
    }

    [Fact(Explicit = true)]
    public async Task What_cannot_be_removed_is_told_and_the_rest_is_removed()
    {
        foreach (var name in (string[])["stella-evidence-1", "stella-evidence-2", "stella-evidence-3"])
        {
            Directory.CreateDirectory(_directory[name]);
            await File.WriteAllTextAsync(_directory[$"{name}.lock"], "", TestContext.Current.CancellationToken);
        }

        await using var disk = await SmallDisk.MountAsync(_directory["stella-evidence-2", "disk"], "1m", TestContext.Current.CancellationToken);

        Assert.Equal(2, await RemoveAbandonedAsync());
        Assert.Equal([_directory["stella-evidence-2"]], _failed);
        Assert.Equal(
            [_directory["stella-evidence-2"], _directory["stella-evidence-2.lock"]], Directory.GetFileSystemEntries(_directory.Path).Order(StringComparer.Ordinal));
    }

    private Task<int> RemoveAbandonedAsync() => ScratchSpace.RemoveAbandonedAsync(
        _directory.Path, Component.Evidence, (directory, _) => _failed.Add(directory), TestContext.Current.CancellationToken);
}

using System.Diagnostics;
using StellaOps.Backup.Testing.Files;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Cli.Tests;

/// <summary>A restore that is killed by the system, not by us: no code of ours runs after that.</summary>
public sealed class RepoRestoreKillTests : IDisposable
{
    private const int Files = 300;

    private readonly StellaProgram _stella = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Source => $"{_stella.Home}/source";

    private string Target => $"{_stella.Home}/target";

    public void Dispose() => _stella.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_restore_killed_again_and_again_leaves_whole_files_and_ends_byte_for_byte(bool overChangedFiles)
    {
        await PrepareAsync();
        if (overChangedFiles)
        {
            await RunAsync("restore", "latest", "--subtree", Source, "--target", Target);
            ChangeFiles();
        }

        foreach (var atLeast in new[] { 1, 100 })
        {
            await KillRestoreAsync(atLeast);
            AssertWhole(mayBeOld: overChangedFiles);
        }

        await RunAsync("restore", "latest", "--subtree", Source, "--target", Target, "--confirm");
        Assert.Empty(await TreeComparer.DifferencesAsync(Source, Target, cancellationToken: Cancel));
        Assert.Empty(TemporaryFiles());
    }

    private IEnumerable<string> TemporaryFiles() =>
        Directory.Exists(Target) ? Directory.EnumerateFiles(Target, ".stella-restore-*", SearchOption.AllDirectories) : [];

    private async Task PrepareAsync()
    {
        for (var i = 0; i < Files; i++)
        {
            Directory.CreateDirectory($"{Source}/{i % 7}");
            await File.WriteAllBytesAsync(PathOf(Source, i), Content(i), Cancel);
        }

        await File.WriteAllTextAsync($"{_stella.Home}/password", "correct horse", Cancel);
        await RunAsync("init");
        await RunAsync("backup", Source);
    }

    // Others in their place, so that they are replaced and not written to, and every name is at any time the old or the new file.
    private void ChangeFiles()
    {
        for (var i = 0; i < Files; i++)
        {
            File.Delete(PathOf(Target, i));
            File.CreateSymbolicLink(PathOf(Target, i), "old");
        }
    }

    private async Task KillRestoreAsync(int atLeast)
    {
        var stale = TemporaryFiles().ToHashSet();
        var start = new ProcessStartInfo(StellaProgram.Path, Arguments("restore", "latest", "--subtree", Source, "--target", Target, "--confirm"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in _stella.EnvironmentFor(server: null))
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        while (!process.HasExited && Seen() < atLeast)
        {
            await Task.Delay(2, Cancel); // Looks again soon, or the restore is over.
        }

        process.Kill(); // SIGKILL
        await process.WaitForExitAsync(Cancel);
        Assert.True(process.ExitCode == 137, $"the restore ended by itself, with {process.ExitCode}: {await process.StandardError.ReadToEndAsync(Cancel)}");

        int Seen()
        {
            try
            {
                return TemporaryFiles().Count(file => !stale.Contains(file));
            }
            catch (DirectoryNotFoundException)
            {
                return 0;
            }
        }
    }

    private void AssertWhole(bool mayBeOld)
    {
        for (var i = 0; i < Files; i++)
        {
            var file = new FileInfo(PathOf(Target, i));
            if (!file.Exists && file.LinkTarget is null)
            {
                Assert.False(mayBeOld, $"{file} is gone");
            }
            else if (file.LinkTarget is null)
            {
                Assert.True(File.ReadAllBytes(file.FullName).AsSpan().SequenceEqual(Content(i)), $"{file} is half a file");
            }
        }
    }

    private async Task RunAsync(params string[] arguments) =>
        (await Processes.RunAsync(StellaProgram.Path, Arguments(arguments), _stella.EnvironmentFor(server: null), cancellationToken: Cancel)).Checked();

    private string[] Arguments(params string[] arguments) =>
        ["repo", .. arguments, "--repo", $"{_stella.Home}/repository", "--password-file", $"{_stella.Home}/password"];

    private static string PathOf(string root, int i) => $"{root}/{i % 7}/{i}";

    private static byte[] Content(int seed)
    {
        var content = new byte[256 << 10];
        new Random(seed).NextBytes(content);
        return content;
    }
}

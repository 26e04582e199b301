using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Storage.Tests.Local;

/// <summary>A file system of one mebibyte. Mounting takes root, or a container that allows it.</summary>
internal sealed class SmallFileSystem : IAsyncDisposable
{
    private readonly string _path;

    private SmallFileSystem(string path) => _path = path;

    internal static async Task<SmallFileSystem> MountAsync(string path, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(path);
        (await Processes.RunAsync("mount", ["-t", "tmpfs", "-o", "size=1m", "stella-test", path], cancellationToken: cancellationToken)).Checked();
        return new SmallFileSystem(path);
    }

    internal async Task MakeReadOnlyAsync(CancellationToken cancellationToken) =>
        (await Processes.RunAsync("mount", ["-o", "remount,ro", _path], cancellationToken: cancellationToken)).Checked();

    public async ValueTask DisposeAsync() => await Processes.RunAsync("umount", ["--lazy", _path], cancellationToken: CancellationToken.None);
}

using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.DatabaseBackup.Tests.Wal;

/// <summary>A file system of a few megabytes that can be filled. Mounting takes root, or a container that allows it.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private readonly string _path;

    private SmallDisk(string path) => _path = path;

    private string Ballast => Path.Combine(_path, "ballast");

    public static async Task<SmallDisk> MountAsync(string path, string size, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(path);
        (await Processes.RunAsync("mount", ["-t", "tmpfs", "-o", $"size={size}", "stella-test", path], cancellationToken: cancellationToken)).Checked();
        return new SmallDisk(path);
    }

    /// <summary>Takes all room that is left.</summary>
    public Task FillAsync(CancellationToken cancellationToken) =>
        Processes.RunAsync("dd", ["if=/dev/zero", $"of={Ballast}", "bs=64k", "status=none"], cancellationToken: cancellationToken);

    /// <summary>Gives it back.</summary>
    public void Free() => File.Delete(Ballast);

    public async ValueTask DisposeAsync() => await Processes.RunAsync("umount", ["--lazy", _path], cancellationToken: CancellationToken.None);
}

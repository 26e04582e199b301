namespace StellaOps.Backup.Testing.Machine;

/// <summary>A file system of a few megabytes that can be filled. Mounting takes root, or a container that allows it.</summary>
public sealed class SmallDisk : IAsyncDisposable
{
    private readonly string _path;

    private SmallDisk(string path) => _path = path;

    private string Ballast => Path.Combine(_path, "ballast");

    /// <param name="path">Where; what is there is hidden meanwhile.</param>
    /// <param name="size">As <c>mount</c> takes it: <c>600m</c>.</param>
    /// <param name="cancellationToken">Gives up.</param>
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

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await Processes.RunAsync("umount", ["--lazy", _path], cancellationToken: CancellationToken.None);
}

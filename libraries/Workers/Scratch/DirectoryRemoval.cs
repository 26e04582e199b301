using System.Diagnostics;

namespace StellaOps.Backup.Workers.Scratch;

/// <summary>
/// Removes a directory of restored files with everything in it. By the system's own programs: a restored name may hold bytes
/// that are not UTF-8, which no path of .NET can say, and a restored directory may deny its owner to change it.
/// </summary>
public static class DirectoryRemoval
{
    private const string Script = "chmod -R u+rwX -- \"$1\" && exec rm -rf --one-file-system -- \"$1\"";

    /// <summary>Removes whatever has the name: a directory, a file, or a link, but not what it leads to.</summary>
    public static Task RemoveAsync(string path, CancellationToken cancellationToken)
    {
        if (new FileInfo(path) is { LinkTarget: not null } or { Exists: true })
        {
            File.Delete(path);
            return Task.CompletedTask;
        }

        return RunAsync(path, cancellationToken);
    }

    /// <summary>Removes a directory; nothing happens where there is none.</summary>
    public static async Task RunAsync(string directory, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(directory))
        {
            return;
        }

        var start = new ProcessStartInfo("/bin/sh", ["-c", Script, "sh", directory]) { RedirectStandardError = true };
        using var program = Process.Start(start) ?? throw new IOException("/bin/sh could not be started");
        var error = await program.StandardError.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        await program.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        if (program.ExitCode != 0)
        {
            throw new IOException($"cannot remove {directory}: {error.Trim()}");
        }
    }
}

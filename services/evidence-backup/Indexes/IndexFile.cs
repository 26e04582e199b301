using System.Diagnostics;
using StellaOps.Backup.EvidenceBackup.Lockers;
using StellaOps.Backup.Workers.Files;

namespace StellaOps.Backup.EvidenceBackup.Indexes;

/// <summary>Replaces the index file: whoever reads it sees the one before or the new one, whatever dies on the way.</summary>
internal static class IndexFile
{
    /// <summary>Hidden, so that it is no artifact; one that a crash left goes first.</summary>
    private const string Temporary = ".stella-index-new";
    private const UnixFileMode UsualMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <returns>False when the index is no longer the expected one, and was left as it is.</returns>
    public static async Task<bool> TryReplaceAsync(string locker, byte[]? expected, byte[] content, CancellationToken cancellationToken)
    {
        var (path, temporary) = (Path.Combine(locker, LockerLayout.Index), Path.Combine(locker, Temporary));
        File.Delete(temporary);

        // A new file, and its mode by its handle: where others may write into the locker, a link that they put there must not lead us, who may be root, elsewhere.
        await using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            await file.WriteAsync(content, cancellationToken);
            await LikeAsync(File.Exists(path) ? path : locker, temporary, cancellationToken);
            File.SetUnixFileMode(file.SafeFileHandle, File.Exists(path) ? File.GetUnixFileMode(path) : UsualMode);
            file.Flush(flushToDisk: true);
        }

        // Durable now: the new index, under a name that nobody reads. A crash here leaves the index before.
        var now = await LockerIndex.ReadAsync(locker, cancellationToken);
        if (!Same(now.Content, expected))
        {
            File.Delete(temporary);
            return false;
        }

        File.Move(temporary, path, overwrite: true);

        // Visible now, and durable after this: a power failure may undo the name before, never tear the content.
        DirectorySync.Flush(locker);
        return true;
    }

    private static bool Same(byte[]? one, byte[]? other) => one is null ? other is null : other is not null && one.AsSpan().SequenceEqual(other);

    /// <summary>The platform has to go on reading it, and writing it: only root can give files away, anybody else is the owner already.</summary>
    private static async Task LikeAsync(string model, string file, CancellationToken cancellationToken)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return;
        }

        using var program = Process.Start(new ProcessStartInfo("chown", ["--no-dereference", $"--reference={model}", "--", file]) { RedirectStandardError = true })
            ?? throw new IOException("chown could not be started");
        var error = await program.StandardError.ReadToEndAsync(cancellationToken);
        await program.WaitForExitAsync(cancellationToken);
        if (program.ExitCode != 0)
        {
            throw new IOException($"the new index cannot be given to the owner of {model}: {error.Trim()}");
        }
    }
}

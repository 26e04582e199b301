using System.Diagnostics;
using System.Security.Cryptography;
using StellaOps.Backup.EvidenceBackup.Lockers;
using StellaOps.Backup.Workers.Files;

namespace StellaOps.Backup.EvidenceBackup.Indexes;

/// <summary>Replaces the index file: whoever reads it sees the one before or the new one, whatever dies on the way.</summary>
internal static class IndexFile
{
    /// <summary>Hidden, so that it is no artifact; those that a crash left go first. Another end each time: one who froze must not give the name to what the next one is still writing.</summary>
    private const string Temporary = ".stella-index-new";
    private const UnixFileMode UsualMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private const string KeptPrefix = ".stella-index-kept-", KeptEnd = "-kept";

    /// <summary>Name under which an index is kept that says what the one in its place does not: hidden, and the same for the same bytes, however often it is tried.</summary>
    public static string KeptNameOf(byte[] content) => $"{KeptPrefix}{Convert.ToHexStringLower(SHA256.HashData(content))[..16]}.json";

    /// <summary>Names of those that are kept in a locker.</summary>
    public static IReadOnlyList<string> Kept(string locker) => [.. Directory.GetFiles(locker, $"{KeptPrefix}*.json").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    /// <summary>Keeps an index beside the one in its place. When the task ends it is durable.</summary>
    /// <returns>Its name at the top of the locker.</returns>
    /// <exception cref="IOException">The locker does not take it.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public static async Task<string> KeepAsync(string locker, byte[] content, CancellationToken cancellationToken)
    {
        var (name, temporary) = (KeptNameOf(content), NewTemporary(locker));
        try
        {
            await WriteAsync(locker, temporary, content, cancellationToken);
            File.Move(temporary, Path.Combine(locker, name), overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        DirectorySync.Flush(locker);
        return name;
    }

    /// <param name="locker">Root of the locker.</param>
    /// <param name="expected">The index before; null for none.</param>
    /// <param name="content">The new one.</param>
    /// <param name="keepAs">Name at the top of the locker that the index before gets before it is replaced; null where it need not be kept.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False when the index is no longer the expected one, and was left as it is.</returns>
    public static async Task<bool> TryReplaceAsync(string locker, byte[]? expected, byte[] content, string? keepAs, CancellationToken cancellationToken)
    {
        var temporary = await PrepareAsync(locker, content, keepAs is null ? null : expected, cancellationToken);
        return await TryPutAsync(locker, expected, temporary, keepAs, cancellationToken);
    }

    /// <summary>Writes the new index and, where it is to be kept, the one before once more under names that nobody reads.</summary>
    /// <returns>Path of the new one.</returns>
    public static async Task<string> PrepareAsync(string locker, byte[] content, byte[]? kept, CancellationToken cancellationToken)
    {
        Array.ForEach(Directory.GetFiles(locker, $"{Temporary}*"), File.Delete);
        var temporary = NewTemporary(locker);
        await WriteAsync(locker, temporary, content, cancellationToken);
        if (kept is not null)
        {
            await WriteAsync(locker, $"{temporary}{KeptEnd}", kept, cancellationToken);
        }

        return temporary;
    }

    /// <summary>Gives the name of the index to one that was prepared.</summary>
    public static async Task<bool> TryPutAsync(string locker, byte[]? expected, string temporary, string? keepAs, CancellationToken cancellationToken)
    {
        var kept = $"{temporary}{KeptEnd}";

        // Durable now: the new index, and the one before once more, under names that nobody reads. A crash here leaves the index before.
        var now = await LockerIndex.ReadAsync(locker, cancellationToken);
        if (!Same(now.Content, expected))
        {
            File.Delete(temporary);
            File.Delete(kept);
            return false;
        }

        if (keepAs is not null)
        {
            File.Move(kept, Path.Combine(locker, keepAs), overwrite: true);
            DirectorySync.Flush(locker); // Before the index loses what only this one has.
        }

        cancellationToken.ThrowIfCancellationRequested(); // The next attempt may have begun.
        File.Move(temporary, Path.Combine(locker, LockerLayout.Index), overwrite: true);

        // Visible now, and durable after this: a power failure may undo the name before, never tear the content.
        DirectorySync.Flush(locker);
        return true;
    }

    private static string NewTemporary(string locker) => Path.Combine(locker, $"{Temporary}-{RandomNumberGenerator.GetHexString(16, lowercase: true)}");

    private static async Task WriteAsync(string locker, string path, byte[] content, CancellationToken cancellationToken)
    {
        var index = Path.Combine(locker, LockerLayout.Index);

        // A new file, and its mode by its handle: where others may write into the locker, a link that they put there must not lead us, who may be root, elsewhere.
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        await file.WriteAsync(content, cancellationToken);
        await LikeAsync(File.Exists(index) ? index : locker, path, cancellationToken);
        File.SetUnixFileMode(file.SafeFileHandle, File.Exists(index) ? File.GetUnixFileMode(index) : UsualMode);
        file.Flush(flushToDisk: true);
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

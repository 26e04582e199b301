using System.Globalization;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.Workers.Trials;

/// <summary>Tries a source that is a tree of files, with what a backup reads it with: lists it, and reads from the first file that has something in it.</summary>
public static class FileTrial
{
    /// <summary>A trial of millions of files lists some of them only.</summary>
    private const int MostListed = 10_000;
    private const int MostRead = 1 << 20;

    /// <param name="steps">Gets the steps <c>list</c> and <c>read</c>.</param>
    /// <param name="source">The tree.</param>
    /// <param name="paths">Of this host, absolute: all have to be there.</param>
    /// <param name="setting">The setting that names them, for messages.</param>
    /// <param name="cancellationToken">Ends the trial.</param>
    public static async Task RunAsync(TrialSteps steps, IFileSource source, IReadOnlyList<string> paths, string setting, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(steps);
        ArgumentNullException.ThrowIfNull(source);
        SourceEntry? first = null;
        await steps.TryAsync("list", async token =>
        {
            RequireThere(paths, setting);
            (var listed, first) = await ListAsync(source, token).ConfigureAwait(false);
            return string.Create(CultureInfo.InvariantCulture, $"{string.Join(", ", paths)}: {listed:N0} {(listed < MostListed ? "files and directories" : "files and directories listed, and there are more")}");
        }, cancellationToken).ConfigureAwait(false);
        await steps.TryAsync("read", token => first is null ? Task.FromResult("there is no file with content yet") : ReadAsync(source, first, token), cancellationToken).ConfigureAwait(false);
    }

    private static void RequireThere(IReadOnlyList<string> paths, string setting)
    {
        if (paths.FirstOrDefault(path => !Path.Exists(path)) is { } missing)
        {
            throw new BackupException(ErrorCodes.SourceUnreachable, $"{missing} does not exist on this host, or may not be seen by the account {Environment.UserName}", $"Mount it or make it, or correct {setting}.");
        }
    }

    private static async Task<(int Listed, SourceEntry? First)> ListAsync(IFileSource source, CancellationToken cancellationToken)
    {
        var listed = 0;
        SourceEntry? first = null;
        var directories = new Stack<SourceEntry>([source.Root]);
        while (listed < MostListed && directories.TryPop(out var directory))
        {
            foreach (var entry in await ListAsync(source, directory, cancellationToken).ConfigureAwait(false))
            {
                listed++;
                if (entry.Failure is { } failure)
                {
                    throw Denied(entry, failure);
                }

                if (entry.Type == NodeType.Directory)
                {
                    directories.Push(entry);
                }

                // What a source adds of its own making, and so never trusts its metadata, tells nothing of what can be read.
                first ??= entry is { Type: NodeType.File, Size: > 0, TrustMetadata: true } ? entry : null;
            }
        }

        return (listed, first);
    }

    private static async Task<IReadOnlyList<SourceEntry>> ListAsync(IFileSource source, SourceEntry directory, CancellationToken cancellationToken)
    {
        try
        {
            return await source.ListAsync(directory, cancellationToken).ConfigureAwait(false);
        }
        catch (SourceException failure) when (failure.Vanished)
        {
            return [];
        }
        catch (SourceException failure)
        {
            throw Denied(directory, failure);
        }
    }

    private static async Task<string> ReadAsync(IFileSource source, SourceEntry file, CancellationToken cancellationToken)
    {
        try
        {
            var content = await source.OpenAsync(file, cancellationToken).ConfigureAwait(false);
            await using (content.ConfigureAwait(false))
            {
                var buffer = new byte[MostRead];
                var (read, last) = (0, -1);
                while (read < buffer.Length && last != 0)
                {
                    last = await content.ReadAsync(buffer.AsMemory(read), cancellationToken).ConfigureAwait(false);
                    read += last;
                }

                return string.Create(CultureInfo.InvariantCulture, $"{file.Name}: {read:N0} bytes");
            }
        }
        catch (SourceException failure)
        {
            throw Denied(file, failure);
        }
    }

    private static BackupException Denied(SourceEntry entry, SourceException failure) =>
        new(ErrorCodes.SourcePermissionDenied, $"{entry.Name}: {failure.Message}", $"Let the account {Environment.UserName} read it; a backup would be incomplete without it.", failure);
}

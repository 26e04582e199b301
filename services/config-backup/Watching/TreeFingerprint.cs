using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.ConfigBackup.Watching;

/// <summary>
/// A digest of what a backup of the trees would save: names, types, contents, link targets, permissions and owners. Times are left out: a file that was
/// touched, or written again as it was, is no change.
/// </summary>
internal static class TreeFingerprint
{
    private const int BufferSize = 128 * 1024;

    /// <returns>64 hex digits. What cannot be read counts as its error's words: it becoming readable is a change.</returns>
    public static async Task<string> OfAsync(IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        var source = new LocalFileSource(paths);
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await AddAsync(digest, source, source.Root, cancellationToken);
        return Convert.ToHexStringLower(digest.GetCurrentHash());
    }

    private static async Task AddAsync(IncrementalHash digest, LocalFileSource source, SourceEntry directory, CancellationToken cancellationToken)
    {
        IReadOnlyList<SourceEntry> entries;
        try
        {
            entries = await source.ListAsync(directory, cancellationToken);
        }
        catch (SourceException e)
        {
            Add(digest, new EntryName(e.Message));
            return;
        }

        Add(digest, entries.Count);
        foreach (var entry in entries.OrderBy(entry => entry.Name))
        {
            Describe(digest, entry);
            if (entry is { Type: NodeType.Directory, Failure: null })
            {
                await AddAsync(digest, source, entry, cancellationToken);
            }
            else if (entry is { Type: NodeType.File, Failure: null })
            {
                await AddContentAsync(digest, source, entry, cancellationToken);
            }
        }
    }

    private static void Describe(IncrementalHash digest, SourceEntry entry)
    {
        Add(digest, entry.Name);
        Add(digest, (long)entry.Type);
        Add(digest, entry.Metadata.Permissions);
        Add(digest, entry.Metadata.UserId);
        Add(digest, entry.Metadata.GroupId);
        Add(digest, entry.LinkTarget ?? default);
        Add(digest, new EntryName(entry.Failure?.Message ?? ""));
    }

    private static async Task AddContentAsync(IncrementalHash digest, LocalFileSource source, SourceEntry file, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            await using var content = await source.OpenAsync(file, cancellationToken);
            long length = 0;
            for (int read; (read = await content.ReadAsync(buffer, cancellationToken)) > 0; length += read)
            {
                digest.AppendData(buffer, 0, read);
            }

            Add(digest, length);
        }
        catch (SourceException e)
        {
            Add(digest, new EntryName(e.Message));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void Add(IncrementalHash digest, EntryName text)
    {
        Add(digest, text.Bytes.Length);
        digest.AppendData(text.Bytes);
    }

    private static void Add(IncrementalHash digest, long number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        digest.AppendData(bytes);
    }
}

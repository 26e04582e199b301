using System.Buffers;
using System.Security.Cryptography;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Portable.Format;
using StellaOps.Backup.Portable.Manifests;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Portable.Reading;

/// <summary>
/// An archive where it lies, seen as the location that it would be unpacked: each read takes those bytes of the archive that it needs. What is read is
/// checked by those who read it, as in a location: repositories by hashes and authentication codes, points by their signature.
/// </summary>
public sealed class ArchiveStore : IObjectStore
{
    private readonly IObjectStore _place;
    private readonly string _key;

    internal ArchiveStore(IObjectStore place, string key, OpenedManifest opened, ArchiveLayout layout) =>
        (_place, _key, Envelope, Manifest, ManifestSha256, Layout) = (place, key, opened.Envelope, opened.Manifest, opened.Sha256, layout);

    /// <summary>The first file, whose signature is the reader's to check.</summary>
    public SignedEnvelope Envelope { get; }

    /// <summary>What is in it.</summary>
    public ArchiveManifest Manifest { get; }

    /// <summary>SHA-256 of the first file, lower hex: stands for every byte of the archive.</summary>
    public string ManifestSha256 { get; }

    /// <inheritdoc/>
    public string Description => $"{_place.Description.TrimEnd('/')}/{_key}";

    /// <summary>Bytes of the archive.</summary>
    public long Length => Layout.Length;

    internal ArchiveLayout Layout { get; }

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        var found = Layout.Find(key) ?? throw new StorageException(StorageFailure.NotFound, $"there is no {key} in {Description}");
        var length = (int)Math.Clamp(found.Member.Length - offset, 0, destination.Length);
        if (length > 0)
        {
            await ReadAsync(found, offset, destination[..length], cancellationToken).ConfigureAwait(false);
        }

        return length;
    }

    /// <summary>One of the files that the manifest names itself, compared with its digest: who has checked the signature of the manifest can believe it.</summary>
    /// <exception cref="BackupException"><see cref="ErrorCodes.Damaged"/>: the manifest names no such file, or it is not what it should be.</exception>
    /// <exception cref="StorageException">What the store refused.</exception>
    public async Task<byte[]> ReadWholeAsync(string path, CancellationToken cancellationToken = default)
    {
        if (Manifest.Members.FirstOrDefault(member => member.Path == path) is not { } member)
        {
            throw new BackupException(ErrorCodes.Damaged, $"its manifest names a file that it does not hold: {path}");
        }

        var content = new byte[member.Length];
        try
        {
            await ReadAsync(path, 0, content, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.Unavailable && exception.InnerException is null)
        {
            throw new BackupException(ErrorCodes.Damaged, $"it ends within {path}", inner: exception);
        }

        return Convert.ToHexStringLower(SHA256.HashData(content)) == member.Sha256
            ? content
            : throw new BackupException(ErrorCodes.Damaged, $"its file {path} does not match its digest");
    }

    /// <inheritdoc/>
    public ValueTask<StoredObject?> FindAsync(string key, CancellationToken cancellationToken = default)
    {
        ObjectKey.Check(key);
        return ValueTask.FromResult(Layout.Find(key) is { } found ? View(found) : (StoredObject?)null);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<StoredObject> ListAsync(string prefix, CancellationToken cancellationToken = default) =>
        Layout.Members.Where(member => member.Member.Path.StartsWith(prefix, StringComparison.Ordinal)).Select(View).ToAsyncEnumerable();

    /// <inheritdoc/>
    public ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken = default) => throw Refused(key);

    /// <inheritdoc/>
    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken = default) => throw Refused(key);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _place.DisposeAsync();

    /// <summary>Bytes of the archive as they are.</summary>
    internal async ValueTask ReadRawAsync(long position, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var read = await _place.ReadAsync(_key, position, destination, cancellationToken).ConfigureAwait(false);
        if (read < destination.Length)
        {
            throw new StorageException(StorageFailure.Unavailable, $"{Description} ended at byte {position + read} while it was read");
        }
    }

    private async ValueTask ReadAsync(PlacedMember member, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var from = member.PositionOf(offset);
        var length = (int)(member.PositionOf(offset + destination.Length - 1) + 1 - from);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            await ReadRawAsync(from, buffer.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
            StoredGzip.Strip(buffer.AsSpan(0, length), TarHeader.Length + offset, destination.Span);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private StoredObject View(PlacedMember member) => new(member.Member.Path, member.Member.Length, Manifest.PointStartedAt);

    private StorageException Refused(string key) => new(StorageFailure.PermissionDenied, $"{Description} is an archive and never changed: {key} is refused");
}

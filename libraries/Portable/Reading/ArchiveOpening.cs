using System.Security.Cryptography;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Portable.Format;
using StellaOps.Backup.Portable.Manifests;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Portable.Reading;

/// <summary>Opens archives: reads the manifest and the lists, and finds the place of everything else.</summary>
public static class ArchiveOpening
{
    /// <summary>The manifest's file, the first one of an archive.</summary>
    public const string ManifestPath = "archive.json";

    private const int LargestManifest = 16 << 20;

    /// <summary>Where the tar header of the first file is.</summary>
    private const int HeaderAt = StoredGzip.HeaderLength + StoredGzip.BlockHeaderLength;

    /// <summary>
    /// Opens the archive at <paramref name="key"/>, and takes the store over unless it throws. Lists are compared with their digests, the length of the
    /// archive with what they come to. Whether anybody signed the manifest is not looked at. Memory: the lists, which cannot be longer than the archive.
    /// </summary>
    /// <exception cref="BackupException">
    /// <see cref="ErrorCodes.ArchiveNotFound"/>, <see cref="ErrorCodes.VersionMismatch"/>, or <see cref="ErrorCodes.Damaged"/>: not an archive, cut
    /// off, or altered.
    /// </exception>
    /// <exception cref="StorageException">What the store refused.</exception>
    public static async Task<ArchiveStore> OpenAsync(IObjectStore place, string key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(place);
        try
        {
            return await ReadAsync(place, key, cancellationToken).ConfigureAwait(false);
        }
        catch (BackupException exception)
        {
            throw new BackupException(exception.Error, $"{place.Description.TrimEnd('/')}/{key}: {exception.Message}", exception.Hint, exception);
        }
    }

    /// <summary>What a file that may be damaged behind its beginning says that it is. Nothing of it is checked.</summary>
    /// <returns>The manifest and its SHA-256, lower hex; null where there is no file, or one that does not begin as an archive does.</returns>
    /// <exception cref="StorageException">What the store refused.</exception>
    public static async Task<(ArchiveManifest Manifest, string Sha256)?> FindManifestAsync(IObjectStore place, string key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(place);
        try
        {
            if (await place.FindAsync(key, cancellationToken).ConfigureAwait(false) is null)
            {
                return null;
            }

            var opened = await ManifestAsync(place, key, cancellationToken).ConfigureAwait(false);
            return (opened.Manifest, opened.Sha256);
        }
        catch (BackupException)
        {
            return null;
        }
    }

    private static async Task<ArchiveStore> ReadAsync(IObjectStore place, string key, CancellationToken cancellationToken)
    {
        var found = await place.FindAsync(key, cancellationToken).ConfigureAwait(false)
            ?? throw new BackupException(ErrorCodes.ArchiveNotFound, "there is no such archive");
        var opened = await ManifestAsync(place, key, cancellationToken).ConfigureAwait(false);
        var layout = new ArchiveLayout();
        layout.Add([new ArchiveMember { Path = ManifestPath, Length = opened.Length, Sha256 = opened.Sha256 }]);
        layout.Add(opened.Manifest.Members);
        var store = new ArchiveStore(place, key, opened, layout);
        foreach (var list in opened.Manifest.Lists)
        {
            // Nobody vouches for these lengths yet: what is read must be there before memory is taken for it.
            Require(layout.Length <= found.Length, found, layout);
            layout.Add(MemberList.Decode(await store.ReadWholeAsync(list, cancellationToken).ConfigureAwait(false)));
        }

        Require(layout.Length == found.Length, found, layout);
        return store;
    }

    private static void Require(bool fits, StoredObject found, ArchiveLayout layout)
    {
        if (!fits)
        {
            throw new BackupException(ErrorCodes.Damaged, $"it has {found.Length} bytes, and its lists come to {layout.Length}: it is cut off, or not what was written");
        }
    }

    private static async Task<OpenedManifest> ManifestAsync(IObjectStore place, string key, CancellationToken cancellationToken)
    {
        var head = new byte[HeaderAt + TarHeader.Length];
        var read = await place.ReadAsync(key, 0, head, cancellationToken).ConfigureAwait(false);
        if (read < head.Length || !TarHeader.TryRead(head.AsSpan(HeaderAt), out var path, out var length) || path != ManifestPath || length is <= 0 or > LargestManifest)
        {
            throw new BackupException(ErrorCodes.Damaged, $"it is not an archive of this product: it does not begin with {ManifestPath}");
        }

        var member = new PlacedMember(new ArchiveMember { Path = ManifestPath, Length = length, Sha256 = "" }, Offset: 0);
        var encoded = new byte[member.PositionOf(length - 1) + 1 - member.PositionOf(0)];
        if (await place.ReadAsync(key, member.PositionOf(0), encoded, cancellationToken).ConfigureAwait(false) < encoded.Length)
        {
            throw new BackupException(ErrorCodes.Damaged, $"it ends within {ManifestPath}");
        }

        var content = new byte[length];
        StoredGzip.Strip(encoded, TarHeader.Length, content);
        var envelope = SignedEnvelope.Parse(content);
        return new OpenedManifest(envelope, ArchiveManifestCodec.Decode(envelope), Convert.ToHexStringLower(SHA256.HashData(content)), length);
    }
}

/// <summary>The first file of an archive.</summary>
internal sealed record OpenedManifest(SignedEnvelope Envelope, ArchiveManifest Manifest, string Sha256, long Length);

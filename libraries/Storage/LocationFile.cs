using System.Text.Json;

namespace StellaOps.Backup.Storage;

/// <summary>
/// <c>location.json</c> at the root of a location: says that this is one, and how its folders are laid out. Whoever comes first
/// creates it; a layout that is newer than the program is refused before anything is read or written.
/// </summary>
/// <param name="Id">Identity of the location, kept when it is moved or copied.</param>
public sealed record LocationFile(string Id)
{
    /// <summary>Key of the file.</summary>
    public const string Key = "location.json";

    /// <summary>What to do where it ought to be and is not.</summary>
    public static IReadOnlyList<string> Remedy { get; } =
        ["Mount it, or correct Location:Url.", "To begin anew in an empty place: stella repo init --location URL --type TYPE --password-file FILE"];

    private const string Format = "stellaops-backup";
    private const int FirstVersion = 1;

    /// <summary>A component's folder may be that of a later epoch (<see cref="LocationEpochs"/>).</summary>
    private const int EpochsVersion = 2;
    private const int LargestLength = 64 * 1024;

    /// <summary>Reads the file, or creates it in a location that has none.</summary>
    /// <exception cref="StorageException"><see cref="StorageFailure.Invalid"/>: not a location, or of a version that is not known.</exception>
    public static async Task<LocationFile> EnsureAsync(IObjectStore store, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        for (var attempt = 0; ; attempt++)
        {
            if (await FindAsync(store, cancellationToken).ConfigureAwait(false) is { } found)
            {
                return found;
            }

            try
            {
                var created = new LocationFile(Guid.NewGuid().ToString());
                await store.PutAsync(Key, created.Encode(FirstVersion), PutMode.Create, cancellationToken).ConfigureAwait(false);
                return created;
            }
            catch (StorageException exception) when (exception.Failure == StorageFailure.AlreadyExists && attempt == 0)
            {
                // Another process was first: take what it wrote.
            }
        }
    }

    /// <summary>Reads the file; null where there is none.</summary>
    /// <exception cref="StorageException"><see cref="StorageFailure.Invalid"/>.</exception>
    public static async Task<LocationFile?> FindAsync(IObjectStore store, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        try
        {
            return Decode(store, await store.ReadAllAsync(Key, LargestLength, cancellationToken).ConfigureAwait(false));
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.NotFound)
        {
            return null;
        }
    }

    /// <summary>Makes programs that know nothing of epochs refuse the location, for good.</summary>
    internal static async Task UseEpochsAsync(IObjectStore store, CancellationToken cancellationToken)
    {
        var location = await EnsureAsync(store, cancellationToken).ConfigureAwait(false);

        // Whoever else does it at the same time writes the same bytes.
        await store.PutAsync(Key, location.Encode(EpochsVersion), PutMode.Replace, cancellationToken).ConfigureAwait(false);
    }

    private byte[] Encode(int version) => JsonSerializer.SerializeToUtf8Bytes(
        new LocationJson { Format = Format, Version = version, Id = Id }, StorageJson.Default.LocationJson);

    private static LocationFile Decode(IObjectStore store, ReadOnlySpan<byte> content)
    {
        LocationJson? json;
        try
        {
            json = JsonSerializer.Deserialize(content, StorageJson.Default.LocationJson);
        }
        catch (JsonException)
        {
            throw Invalid(store, "is not readable");
        }

        if (json is not { Format: Format, Id: { Length: > 0 } id })
        {
            throw Invalid(store, "does not describe a backup location");
        }

        return json.Version is FirstVersion or EpochsVersion
            ? new LocationFile(id)
            : throw Invalid(store, $"has version {json.Version}; this program knows versions {FirstVersion} and {EpochsVersion}");
    }

    private static StorageException Invalid(IObjectStore store, string why) =>
        new(StorageFailure.Invalid, $"{store.Description}/{Key} {why}");
}

using System.Globalization;
using System.Text.Json;

namespace StellaOps.Backup.Storage;

/// <summary>
/// Which repository of a component is in charge. The first lies in the folder of the component's name; each rotation to a new master key
/// starts one more beside it (<c>evidence.2</c>). The marker <c>epochs/&lt;component&gt;/&lt;number&gt;</c> puts it in charge: created once, whole, and
/// never changed, so that no two rotations can undo one another. The highest number counts.
/// </summary>
public static class LocationEpochs
{
    /// <summary>Number of the epoch that a component starts with, and that needs no marker.</summary>
    public const int First = 1;

    private const int LargestMarker = 4 << 10;

    /// <summary>Folder of a component's repository.</summary>
    public static string Folder(string component, int epoch) => epoch == First ? component : string.Create(CultureInfo.InvariantCulture, $"{component}.{epoch}");

    /// <summary>Number of the epoch that is in charge.</summary>
    public static async Task<int> FindAsync(IObjectStore root, string component, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(root);
        var prefix = Prefix(component);
        var highest = First;
        await foreach (var marker in root.ListAsync(prefix, cancellationToken).ConfigureAwait(false))
        {
            if (int.TryParse(marker.Key.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var epoch))
            {
                highest = Math.Max(highest, epoch);
            }
        }

        return highest;
    }

    /// <summary>
    /// Puts an epoch in charge. First the location's version goes up, so that programs that know nothing of epochs refuse to write; then the
    /// marker is created, and that is the moment. Doing it again changes nothing.
    /// </summary>
    public static async Task StartAsync(IObjectStore root, string component, int epoch, DateTimeOffset now, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(epoch, First);
        await LocationFile.UseEpochsAsync(root, cancellationToken).ConfigureAwait(false);
        try
        {
            // Durable before: the new repository, and a version that older programs refuse. Killed here, the old epoch is in charge.
            var marker = JsonSerializer.SerializeToUtf8Bytes(new EpochJson { StartedAt = now }, StorageJson.Default.EpochJson);
            await root.PutAsync(Key(component, epoch), marker, PutMode.Create, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.AlreadyExists)
        {
            // It is in charge already.
        }
    }

    /// <summary>When an epoch came into charge; null for the first one, and for one that is not.</summary>
    /// <exception cref="StorageException"><see cref="StorageFailure.Invalid"/>: the marker is not readable.</exception>
    public static async Task<DateTimeOffset?> FindStartAsync(IObjectStore root, string component, int epoch, CancellationToken cancellationToken = default)
    {
        try
        {
            var content = await root.ReadAllAsync(Key(component, epoch), LargestMarker, cancellationToken).ConfigureAwait(false);
            return JsonSerializer.Deserialize(content, StorageJson.Default.EpochJson)?.StartedAt;
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.NotFound)
        {
            return null;
        }
        catch (JsonException exception)
        {
            throw new StorageException(StorageFailure.Invalid, $"{root.Description}/{Key(component, epoch)} is not readable", exception);
        }
    }

    private static string Prefix(string component) => $"epochs/{component}/";

    private static string Key(string component, int epoch) => Prefix(component) + epoch.ToString(CultureInfo.InvariantCulture);
}

using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Addresses;

namespace StellaOps.Backup.Portable;

/// <summary>Where an archive is: a place in one of the forms of <see cref="LocationAddress"/>, and the object in it.</summary>
/// <param name="Place">Address of the directory, bucket or container, or of a folder in it.</param>
/// <param name="Key">Name of the archive there.</param>
public sealed record ArchiveAddress(string Place, string Key)
{
    /// <summary>How names of archives end.</summary>
    public const string Suffix = ".tar.gz";

    /// <summary>The archive of the newest full point of a place.</summary>
    public const string LatestFull = "latest-full" + Suffix;

    /// <summary>
    /// Whether the archive of a point of that name would lie where that of the newest full point does, which others replace. There are file systems that do not tell
    /// upper from lower case.
    /// </summary>
    public static bool IsReserved(string pointName) => string.Equals(pointName + Suffix, LatestFull, StringComparison.OrdinalIgnoreCase);

    /// <summary>Address of a place, checked.</summary>
    /// <exception cref="BackupException"><see cref="ErrorCodes.InvalidInput"/>.</exception>
    public static string CheckPlace(string place)
    {
        if (string.IsNullOrWhiteSpace(place))
        {
            throw new BackupException(ErrorCodes.InvalidInput, "the address is empty", Forms);
        }

        try
        {
            _ = LocationAddress.Parse(place);
            return place;
        }
        catch (StorageException exception)
        {
            throw new BackupException(ErrorCodes.InvalidInput, exception.Message, Forms, exception);
        }
    }

    /// <summary>Takes the address of an archive apart: <c>s3://bucket/folder/latest-full.tar.gz?endpoint=…</c>.</summary>
    /// <exception cref="BackupException"><see cref="ErrorCodes.InvalidInput"/>.</exception>
    public static ArchiveAddress Parse(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var query = address.IndexOf('?', StringComparison.Ordinal);
        var path = query < 0 ? address : address[..query];
        var slash = path.LastIndexOf('/');
        var key = path[(slash + 1)..];
        if (slash < 0 || !key.EndsWith(Suffix, StringComparison.Ordinal) || key.Length == Suffix.Length)
        {
            throw new BackupException(ErrorCodes.InvalidInput, $"this is not the address of an archive, which ends in {Suffix}", Forms);
        }

        var place = path[..slash];
        return new ArchiveAddress(CheckPlace((place.Length == 0 ? "/" : place) + (query < 0 ? "" : address[query..])), key);
    }

    /// <summary>The whole address.</summary>
    public override string ToString()
    {
        var query = Place.IndexOf('?', StringComparison.Ordinal);
        return query < 0 ? $"{Place.TrimEnd('/')}/{Key}" : $"{Place[..query].TrimEnd('/')}/{Key}{Place[query..]}";
    }

    private const string Forms = "Like /mnt/offsite, s3://bucket/folder?endpoint=https://host:port, gs://bucket or azblob://container; an archive is a file in it.";
}

using System.Globalization;

namespace StellaOps.Backup.Points.Storing;

/// <summary>A manifest in a location, as a listing shows it.</summary>
/// <param name="Id">Id of the point.</param>
/// <param name="Key">Key of the object: <c>points/yyyy/mm/id.json</c>, year and month of the point's start in UTC.</param>
public readonly record struct StoredPoint(Guid Id, string Key)
{
    internal const string Folder = "points/";

    /// <summary>Where the manifest of a point is.</summary>
    public static StoredPoint At(Guid id, DateTimeOffset startedAt) =>
        new(id, string.Create(CultureInfo.InvariantCulture, $"{Folder}{startedAt.UtcDateTime:yyyy'/'MM}/{id:d}.json"));

    /// <summary>Reads a key; false for one that is not of a manifest.</summary>
    public static bool TryParse(string key, out StoredPoint point)
    {
        ArgumentNullException.ThrowIfNull(key);
        point = default;
        if (key.Split('/') is not ["points", { Length: 4 }, { Length: 2 }, { } file]
            || !file.EndsWith(".json", StringComparison.Ordinal)
            || !Guid.TryParseExact(file[..^5], "d", out var id))
        {
            return false;
        }

        point = new StoredPoint(id, key);
        return true;
    }
}

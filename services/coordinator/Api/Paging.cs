using System.Globalization;
using System.Text;
using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Coordinator.Api;

/// <summary>Pages of a list. A token names the last row of a page, so rows that come or go meanwhile do not shift the next one.</summary>
internal static class Paging
{
    private const int Usual = 50;
    private const int Most = 500;

    public static int Size(int? asked) => asked switch
    {
        null => Usual,
        < 1 or > Most => throw new BackupException(ErrorCodes.InvalidInput, $"page_size {asked} is not between 1 and {Most}"),
        _ => asked.Value,
    };

    /// <summary>Token of a row in a list that is ordered by time and id, newest first.</summary>
    public static string Token(DateTimeOffset at, Guid id) =>
        Convert.ToBase64String(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{at.UtcTicks}:{id:n}")));

    public static (DateTimeOffset At, Guid Id)? Read(string? token)
    {
        if (string.IsNullOrEmpty(token))
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[128];
        if (Convert.TryFromBase64String(token, bytes, out var length)
            && Encoding.ASCII.GetString(bytes[..length]).Split(':') is [var ticks, var id]
            && long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var at)
            && at <= DateTimeOffset.MaxValue.UtcTicks
            && Guid.TryParseExact(id, "n", out var guid))
        {
            return (new DateTimeOffset(at, TimeSpan.Zero), guid);
        }

        throw Wrong(token);
    }

    /// <summary>Token of a list that is ordered by a number.</summary>
    public static long? ReadNumber(string? token) => string.IsNullOrEmpty(token) ? null
        : long.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw Wrong(token);

    private static BackupException Wrong(string token) =>
        new(ErrorCodes.InvalidInput, $"'{token}' is not a page_token of this list", "Use the next_page_token of the page before, unchanged.");
}

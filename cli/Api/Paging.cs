using System.Runtime.CompilerServices;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Api;

/// <summary>Lists of the API, page by page, and the spelling of their addresses.</summary>
internal static class Paging
{
    private const int PageSize = 200;

    /// <summary>All items of a list; a page is asked for when it is needed.</summary>
    public static async IAsyncEnumerable<T> ListAsync<T>(
        this ApiClient api, string path, IReadOnlyList<(string Name, string? Value)> query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? next = null;
        do
        {
            var address = Address(path, [.. query, ("page_size", $"{PageSize}"), ("page_token", next)]);
            var page = await api.GetAsync<Page<T>>(address, cancellationToken);
            foreach (var item in page.Items)
            {
                yield return item;
            }

            next = page.NextPageToken;
        }
        while (next is not null);
    }

    /// <summary>A path with those parameters that have a value.</summary>
    public static string Address(string path, params IEnumerable<(string Name, string? Value)> query)
    {
        var given = query.Where(part => part.Value is not null).Select(part => $"{part.Name}={Uri.EscapeDataString(part.Value ?? "")}");
        var text = string.Join('&', given);
        return text.Length == 0 ? path : $"{path}?{text}";
    }

    /// <summary>A path with one more part, such as the name of a point.</summary>
    public static string Below(string path, string part) => $"{path}/{Uri.EscapeDataString(part)}";
}

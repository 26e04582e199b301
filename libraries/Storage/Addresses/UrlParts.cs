using System.Buffers;

namespace StellaOps.Backup.Storage.Addresses;

/// <summary>
/// A URL of a location, split. Not by <see cref="Uri"/>: that folds the case of bucket names and resolves <c>..</c> in keys.
/// </summary>
internal sealed class UrlParts
{
    private const string WhereCredentialsBelong =
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AZURE_STORAGE_CONNECTION_STRING, in the environment of the service, "
        + "or name a file by Location:CredentialsFile";

    /// <summary>Parts of query keys that carry secrets in addresses that people copy from elsewhere.</summary>
    private static readonly string[] SecretKeys = ["key", "secret", "token", "password", "passwd", "credential", "signature", "sig", "sas", "user"];

    private static readonly SearchValues<char> BucketCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_$");

    private readonly Dictionary<string, string> _query = new(StringComparer.Ordinal);

    private UrlParts(string scheme, string authority, string path) => (Scheme, Authority, Path) = (scheme, authority, path);

    /// <summary>Lower case.</summary>
    internal string Scheme { get; }

    /// <summary>Between <c>//</c> and the next <c>/</c>.</summary>
    internal string Authority { get; }

    /// <summary>From that <c>/</c> on, decoded; empty when there is none.</summary>
    internal string Path { get; }

    /// <summary>For messages. An authority that is no name may be the beginning of a secret that has a <c>/</c>, and is not repeated.</summary>
    private string Shown => Authority.AsSpan().ContainsAnyExcept(BucketCharacters) ? $"{Scheme}://…" : $"{Scheme}://{Authority}";

    /// <summary>Splits; null for what has no scheme.</summary>
    /// <exception cref="StorageException">It holds credentials, or is not well formed.</exception>
    internal static UrlParts? Split(string text)
    {
        var colon = text.IndexOf("://", StringComparison.Ordinal);
        if (colon <= 0 || !text.Take(colon).All(char.IsAsciiLetterOrDigit))
        {
            return null;
        }

        var scheme = text[..colon].ToLowerInvariant();
        var rest = text[(colon + 3)..];
        var question = rest.IndexOf('?', StringComparison.Ordinal);
        var place = question < 0 ? rest : rest[..question];
        var slash = place.IndexOf('/', StringComparison.Ordinal);
        var authority = slash < 0 ? place : place[..slash];
        if (authority.Contains('@', StringComparison.Ordinal))
        {
            throw LocationAddress.Refused($"the address of a location never holds credentials ({scheme}://…@…): {WhereCredentialsBelong}");
        }

        if (rest.Contains('#', StringComparison.Ordinal))
        {
            throw LocationAddress.Refused($"the address of a location has no '#' ({scheme}://): write %23 where a key has one");
        }

        var parts = new UrlParts(scheme, authority, slash < 0 ? "" : Uri.UnescapeDataString(place[slash..]));
        parts.ReadQuery(question < 0 ? "" : rest[(question + 1)..]);
        return parts;
    }

    /// <summary>Refuses every query key but these.</summary>
    internal void AllowOnly(params ReadOnlySpan<string> known)
    {
        foreach (var key in _query.Keys)
        {
            if (!known.Contains(key))
            {
                var list = known.Length == 0 ? "it takes none" : $"known are {string.Join(", ", known!)}";
                throw LocationAddress.Refused($"{Shown}: the query key '{key}' is not known ({list})");
            }
        }
    }

    /// <summary>The authority as the name of a bucket or container.</summary>
    internal string BucketName()
    {
        if (Authority.Contains(':', StringComparison.Ordinal))
        {
            throw LocationAddress.Refused($"{Shown}: after {Scheme}:// comes the bucket; a server is named by ?endpoint=https://host:port, and credentials are never in an address: {WhereCredentialsBelong}");
        }

        return Authority.Length is > 0 and <= 255 && !Authority.AsSpan().ContainsAnyExcept(BucketCharacters)
            ? Authority
            : throw LocationAddress.Refused($"{Shown}: not the name of a bucket or container (letters, digits, '.', '-', '_'); credentials are never in an address: {WhereCredentialsBelong}");
    }

    /// <summary>The path as a folder without slashes at its ends; empty for the root.</summary>
    internal string Prefix()
    {
        var prefix = Path.Trim('/');
        try
        {
            if (prefix.Length > 0)
            {
                ObjectKey.Check(prefix);
            }
        }
        catch (ArgumentException)
        {
            throw LocationAddress.Refused($"{Shown}{Path}: the folder must not have empty parts, '.' or '..'");
        }

        return prefix;
    }

    /// <summary>A value that is a name: a region.</summary>
    internal string? Name(string key) => Value(key) switch
    {
        null => null,
        { Length: > 0 and <= 64 } name when !name.AsSpan().ContainsAnyExcept(BucketCharacters) => name,
        _ => throw LocationAddress.Refused($"{Shown}: {key} wants a name such as eu-central-1"),
    };

    internal bool? Flag(string key) => Value(key) switch
    {
        null => null,
        "true" => true,
        "false" => false,
        _ => throw LocationAddress.Refused($"{Shown}: {key} wants true or false"),
    };

    /// <summary>A value that is the address of a server.</summary>
    internal Uri? Endpoint(string key, bool pathAllowed = false)
    {
        if (Value(key) is not { } value)
        {
            return null;
        }

        if (!Uri.TryCreate(value, UriKind.Absolute, out var endpoint) || endpoint.Scheme is not ("http" or "https"))
        {
            throw LocationAddress.Refused($"{Shown}: {key} wants http://host:port or https://host:port");
        }

        if (endpoint.UserInfo.Length > 0 || endpoint.Query.Length > 0)
        {
            throw LocationAddress.Refused($"{Shown}: {key} never holds credentials: {WhereCredentialsBelong}");
        }

        return pathAllowed || endpoint.AbsolutePath == "/"
            ? endpoint
            : throw LocationAddress.Refused($"{Shown}: {key} has no path: the bucket comes after {Scheme}://");
    }

    private string? Value(string key) => _query.GetValueOrDefault(key);

    private void ReadQuery(string query)
    {
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            var key = Uri.UnescapeDataString(equals < 0 ? pair : pair[..equals]);
            if (SecretKeys.Any(secret => key.Contains(secret, StringComparison.OrdinalIgnoreCase)))
            {
                throw LocationAddress.Refused($"the address of a location never holds credentials ({Shown}?…{key}=…): {WhereCredentialsBelong}");
            }

            if (equals < 0)
            {
                throw LocationAddress.Refused($"{Shown}: a query is key=value, joined by '&'");
            }

            if (!_query.TryAdd(key, Uri.UnescapeDataString(pair[(equals + 1)..])))
            {
                throw LocationAddress.Refused($"{Shown}: '{key}' is given twice");
            }
        }
    }
}

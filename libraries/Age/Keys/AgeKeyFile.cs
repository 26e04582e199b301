namespace StellaOps.Backup.Age.Keys;

/// <summary>
/// Text files of recipients (<c>age -R</c>) and identities (<c>age -i</c>): one key a line, empty lines and lines that
/// start with <c>#</c> do not count. Errors name the line and never repeat it.
/// </summary>
public static class AgeKeyFile
{
    /// <exception cref="AgeException"><see cref="AgeFailure.InvalidKey"/>.</exception>
    public static IReadOnlyList<IRecipient> ParseRecipients(string text) => Parse(text, "recipients", ParseRecipient);

    /// <exception cref="AgeException"><see cref="AgeFailure.InvalidKey"/>.</exception>
    public static IReadOnlyList<IIdentity> ParseIdentities(string text) => Parse(text, "identities", ParseIdentity);

    /// <summary>With the 1 that ends the prefix: one of a thousand classic keys begins with <c>age1pq</c>, too.</summary>
    private static IRecipient ParseRecipient(string line) => line.StartsWith($"{HybridRecipient.Prefix}1", StringComparison.Ordinal)
        ? HybridRecipient.Parse(line)
        : X25519Recipient.Parse(line);

    private static IIdentity ParseIdentity(string line) => line.StartsWith(HybridIdentity.Prefix, StringComparison.OrdinalIgnoreCase)
        ? HybridIdentity.Parse(line)
        : X25519Identity.Parse(line);

    private static List<TKey> Parse<TKey>(string text, string kind, Func<string, TKey> parse)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<TKey> keys = [];
        foreach (var (number, line) in text.Split('\n').Select(line => line.TrimEnd('\r')).Index())
        {
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            try
            {
                keys.Add(parse(line));
            }
            catch (AgeException invalid)
            {
                throw new AgeException(AgeFailure.InvalidKey, $"line {number + 1}: {invalid.Message}");
            }
        }

        return keys.Count > 0 ? keys : throw new AgeException(AgeFailure.InvalidKey, $"there are no {kind} in the text");
    }
}

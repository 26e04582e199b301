using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace StellaOps.Backup.Cli.Diagnostics;

/// <summary>
/// Takes out what looks like a secret, wherever it comes from: no part of the system writes one anywhere, but messages quote what operators and
/// other programs wrote. Rather too much is taken out than too little.
/// </summary>
/// <param name="token">The bearer token of this run; null for none.</param>
internal sealed partial class SecretScrub(string? token)
{
    private const string Redacted = "(redacted)";

    /// <summary>What names of secrets have in them, or end with: <c>PGPASSWORD</c>, <c>api-key</c>, <c>db_pass</c>, <c>clientSecret1</c>; but not <c>PasswordFile</c>.</summary>
    private const string Name = @"[\w.:-]{0,60}?(?:password|passwd|pwd|passphrase|secret|token|authorization|(?:api|access|account|private|shared|storage|encryption|signing)[_-]?key|(?<![a-z])pass)(?:[_-]?(?:key|value|hash)|\d{1,3})?";

    /// <summary>A value in quotes of any kind, also in those of a text within a text.</summary>
    private const string Quoted = @"""(?:[^""\\]|\\.)*""|\\""(?:(?!(?<!\\\\)\\"").)*\\""|'[^']*'";

    private static readonly JsonWriterOptions Plain = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonWriterOptions OneLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A text.</summary>
    public string Clean(string text)
    {
        var clean = string.IsNullOrEmpty(token) ? text : text.Replace(token, Redacted, StringComparison.Ordinal);
        clean = Account().Replace(clean, $"$1{Redacted}@");
        clean = Signed().Replace(clean, $"$1{Redacted}");
        clean = Member().Replace(clean, WithQuotes);
        clean = Assigned().Replace(clean, WithQuotes);
        clean = Option().Replace(clean, WithQuotes);
        return Shapes().Replace(clean, Redacted);
    }

    /// <summary>A JSON document: its texts each for itself, as they are when nothing in them is escaped, and whole those whose names say what they are.</summary>
    public string CleanJson(string document, bool indented)
    {
        using var parsed = JsonDocument.Parse(document);
        using var output = new MemoryStream();
        using (var json = new Utf8JsonWriter(output, indented ? Plain : OneLine))
        {
            Write(json, parsed.RootElement);
        }

        return Encoding.UTF8.GetString(output.GetBuffer(), 0, (int)output.Length);
    }

    private void Write(Utf8JsonWriter json, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                json.WriteStartObject();
                foreach (var member in element.EnumerateObject())
                {
                    json.WritePropertyName(Clean(member.Name));
                    if (member.Value.ValueKind == JsonValueKind.String && NamesASecret().IsMatch(member.Name))
                    {
                        json.WriteStringValue(Redacted);
                        continue;
                    }

                    Write(json, member.Value);
                }

                json.WriteEndObject();
                break;
            case JsonValueKind.Array:
                json.WriteStartArray();
                foreach (var item in element.EnumerateArray())
                {
                    Write(json, item);
                }

                json.WriteEndArray();
                break;
            case JsonValueKind.String:
                json.WriteStringValue(Clean(element.GetString()!));
                break;
            default:
                element.WriteTo(json);
                break;
        }
    }

    private static string WithQuotes(Match found)
    {
        var value = found.Groups["value"].Value;
        var quote = value.StartsWith("\\\"", StringComparison.Ordinal) ? "\\\"" : value[0] is '"' or '\'' ? value[..1] : "";
        return $"{found.Groups["name"].Value}{quote}{Redacted}{quote}";
    }

    /// <summary>Account and password in an address, the one or the other, and a password with a slash in it.</summary>
    [GeneratedRegex(@"(\b[a-z][a-z0-9+.-]*://)(?:[^/\s@""']*|[^/\s:@""']*:[^\s@""']+)@", RegexOptions.IgnoreCase)]
    private static partial Regex Account();

    /// <summary>What makes an address a signed one.</summary>
    [GeneratedRegex(@"([?&](?:sig|signature|x-amz-signature|x-amz-credential|x-amz-security-token|x-goog-signature)=)[^&\s""'\\]+", RegexOptions.IgnoreCase)]
    private static partial Regex Signed();

    /// <summary>A member of an object within a text: <c>{"password": "…"}</c>.</summary>
    [GeneratedRegex(@"(?<name>\\?[""']" + Name + @"\\?[""']\s*:\s*)(?<value>" + Quoted + ")", RegexOptions.IgnoreCase)]
    private static partial Regex Member();

    /// <summary>A value behind a name: of a connection string, a header, or a variable.</summary>
    [GeneratedRegex(@"(?<name>" + Name + @"\s*[=:]\s*(?:bearer\s+|basic\s+)?)(?<value>" + Quoted + @"|(?![\s(])[^\s;,'""\\]+)", RegexOptions.IgnoreCase)]
    private static partial Regex Assigned();

    /// <summary>An option of a command line.</summary>
    [GeneratedRegex(@"(?<name>(?<!\w)--?" + Name + @"\s+)(?<value>" + Quoted + @"|(?![\s(-])[^\s;,'""\\]+)", RegexOptions.IgnoreCase)]
    private static partial Regex Option();

    [GeneratedRegex("^" + Name + "$", RegexOptions.IgnoreCase)]
    private static partial Regex NamesASecret();

    /// <summary>What is a secret by its own form: private keys, age identities, and tokens of well-known services.</summary>
    [GeneratedRegex(@"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----|AGE-SECRET-KEY-[0-9A-Z-]+|\bhvs\.[A-Za-z0-9_-]{20,}|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}|\bglpat-[A-Za-z0-9_-]{20,}|\bxox[abprs]-[A-Za-z0-9-]{10,}|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}|\bbearer\s+[A-Za-z0-9._~+/-]{16,}=*", RegexOptions.IgnoreCase)]
    private static partial Regex Shapes();
}

using System.ComponentModel.DataAnnotations;

namespace StellaOps.Backup.Hosting.Security;

/// <summary>Section <c>Auth</c>: who may call.</summary>
public sealed class AuthSettings : IValidatableObject
{
    public const string Section = "Auth";

    /// <summary>Who comes with the bootstrap key: everybody who has it, and nobody by name.</summary>
    public const string BootstrapSubject = "bootstrap";

    /// <summary>Accepted bearer keys.</summary>
    public IList<AcceptedKey> Keys { get; init; } = [];

    /// <summary>SHA-256 (hex) of the key for the day when the identity provider is gone.</summary>
    public string? BootstrapKeySha256 { get; set; }

    public OidcSettings? Oidc { get; set; }

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        for (var i = 0; i < Keys.Count; i++)
        {
            if (string.IsNullOrEmpty(Keys[i].Subject))
            {
                yield return new ValidationResult("a subject is wanted", [$"Keys:{i}:Subject"]);
            }

            if (!IsSha256(Keys[i].Sha256))
            {
                yield return new ValidationResult("64 hexadecimal digits are wanted (the SHA-256 of the key, not the key)", [$"Keys:{i}:Sha256"]);
            }

            foreach (var scope in Keys[i].Scopes.Where(scope => !AuthorizationScopes.All.Contains(scope, StringComparer.Ordinal)))
            {
                yield return new ValidationResult($"'{scope}' is not one of {string.Join(", ", AuthorizationScopes.All)}", [$"Keys:{i}:Scopes"]);
            }
        }

        if (BootstrapKeySha256 is { Length: > 0 } && !IsSha256(BootstrapKeySha256))
        {
            yield return new ValidationResult("64 hexadecimal digits are wanted (the SHA-256 of the key, not the key)", [nameof(BootstrapKeySha256)]);
        }

        if (Oidc is not null && !IsAuthority(Oidc.Authority))
        {
            yield return new ValidationResult("an https:// address is wanted (http:// only of this machine)", [$"{nameof(Oidc)}:{nameof(Oidc.Authority)}"]);
        }

        if (Oidc is { Audience: null or "" })
        {
            yield return new ValidationResult("the audience that tokens for this service have is wanted", [$"{nameof(Oidc)}:{nameof(Oidc.Audience)}"]);
        }
    }

    private static bool IsAuthority(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback));

    private static bool IsSha256(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigit);
}

/// <summary>One accepted bearer key.</summary>
public sealed class AcceptedKey
{
    /// <summary>Who carries it, for the audit log.</summary>
    public string Subject { get; set; } = "";

    /// <summary>SHA-256 of the key, in hexadecimal digits.</summary>
    public string Sha256 { get; set; } = "";

    /// <summary>What it may do: <c>backup:read</c> ...</summary>
    public IList<string> Scopes { get; init; } = [];
}

/// <summary>An OpenID Connect provider.</summary>
public sealed class OidcSettings
{
    public string Authority { get; set; } = "";
    public string Audience { get; set; } = "";
}

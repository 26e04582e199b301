using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace StellaOps.Backup.Hosting.Security;

/// <summary>Bearer keys that are configured by their SHA-256, and the bootstrap key.</summary>
internal sealed partial class KeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> schemeOptions,
    IOptions<AuthSettings> settings,
    ILoggerFactory loggers,
    UrlEncoder encoder) : AuthenticationHandler<AuthenticationSchemeOptions>(schemeOptions, loggers, encoder)
{
    public const string SchemeName = "key";
    private const string Prefix = "Bearer ";

    /// <summary>The token of a request; null when it carries none.</summary>
    public static string? Token(Microsoft.AspNetCore.Http.HttpRequest request)
    {
        var header = request.Headers[HeaderNames.Authorization].ToString();
        return header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? header[Prefix.Length..].Trim() : null;
    }

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Token(Request) is not { Length: > 0 } token)
        {
            return Task.FromResult(AuthenticateResult.NoResult());
        }

        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(token));
        var (subject, scopes) = Find(hash);
        if (subject is null)
        {
            return Task.FromResult(AuthenticateResult.Fail("unknown key"));
        }

        if (subject == AuthSettings.BootstrapSubject)
        {
            LogBootstrap(Logger, Request.Method, Request.Path, Context.Connection.RemoteIpAddress?.ToString());
        }

        var identity = new ClaimsIdentity([new Claim("sub", subject), .. scopes.Select(scope => new Claim(AuthorizationScopes.Claim, scope))], SchemeName, "sub", null);
        return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), SchemeName)));
    }

    /// <summary>Compares with every key, each in constant time, so that the time tells nothing.</summary>
    private (string? Subject, IEnumerable<string> Scopes) Find(byte[] hash)
    {
        (string? Subject, IEnumerable<string> Scopes) found = (null, []);
        foreach (var key in settings.Value.Keys)
        {
            if (CryptographicOperations.FixedTimeEquals(Convert.FromHexString(key.Sha256), hash))
            {
                found = (key.Subject, key.Scopes);
            }
        }

        return settings.Value.BootstrapKeySha256 is { Length: > 0 } bootstrap
            && CryptographicOperations.FixedTimeEquals(Convert.FromHexString(bootstrap), hash)
            ? (AuthSettings.BootstrapSubject, AuthorizationScopes.All)
            : found;
    }

    [LoggerMessage(1, LogLevel.Warning, "the bootstrap key was used: {Method} {Path} from {Address}")]
    private static partial void LogBootstrap(ILogger logger, string method, string path, string? address);
}

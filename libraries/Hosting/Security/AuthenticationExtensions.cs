using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Hosting.Settings;

namespace StellaOps.Backup.Hosting.Security;

/// <summary>Authentication and the policies of the API.</summary>
public static class AuthenticationExtensions
{
    private const string OidcScheme = "oidc";
    private const string AnyScheme = "any";

    /// <summary>
    /// Accepts configured bearer keys, the bootstrap key and, where <c>Auth:Oidc</c> is set, tokens of an OpenID Connect
    /// provider. Adds one policy per scope, named as the scope: <c>.RequireAuthorization(Scopes.Read)</c>.
    /// The caller's name is the claim <c>sub</c>.
    /// </summary>
    public static WebApplicationBuilder AddStellaAuthentication(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSettings<AuthSettings>(AuthSettings.Section);
        var oidc = builder.Configuration.GetSection(AuthSettings.Section).Get<AuthSettings>()?.Oidc;
        var authentication = builder.Services.AddAuthentication(AnyScheme);
        authentication.AddScheme<AuthenticationSchemeOptions, KeyAuthentication>(KeyAuthentication.SchemeName, null);
        authentication.AddPolicyScheme(AnyScheme, null, options => options.ForwardDefaultSelector = context =>
            oidc is not null && LooksLikeJwt(KeyAuthentication.Token(context.Request)) ? OidcScheme : KeyAuthentication.SchemeName);
        if (oidc is not null)
        {
            builder.Services.AddSingleton<OidcEvents>();
            authentication.AddJwtBearer(OidcScheme, options =>
            {
                options.Authority = oidc.Authority;
                options.Audience = oidc.Audience;
                options.MapInboundClaims = false;
                options.RequireHttpsMetadata = !new Uri(oidc.Authority).IsLoopback;
                options.TokenValidationParameters.NameClaimType = "sub";
                options.BackchannelTimeout = OidcEvents.Patience;
                options.EventsType = typeof(OidcEvents);
            });
        }

        builder.Services.AddAuthorization(AuthorizationScopes.AddPolicies);
        return builder;
    }

    /// <summary>Keys have no dots; a signed token has two (RFC 7515 section 3.1).</summary>
    private static bool LooksLikeJwt(string? token) => token?.Count(c => c == '.') == 2;
}

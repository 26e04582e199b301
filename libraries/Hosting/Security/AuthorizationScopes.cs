using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Hosting.Security;

/// <summary>One policy per scope, with the scope's name.</summary>
public static class AuthorizationScopes
{
    /// <summary>Claim that carries scopes: one claim each, or several in one with spaces between (RFC 8693 section 4.2).</summary>
    public const string Claim = "scope";

    /// <summary>The known ones.</summary>
    public static IReadOnlyList<string> All { get; } = [Scopes.Read, Scopes.Run, Scopes.Restore, Scopes.Admin];

    /// <summary>Makes the policies.</summary>
    public static void AddPolicies(AuthorizationOptions options)
    {
        foreach (var scope in All)
        {
            options.AddPolicy(scope, policy => policy.RequireAuthenticatedUser().RequireAssertion(context => Has(context.User, scope)));
        }
    }

    /// <summary>Whether somebody has a scope.</summary>
    public static bool Has(ClaimsPrincipal user, string scope) =>
        user.FindAll(Claim).Any(claim => claim.Value.Split(' ').Contains(scope, StringComparer.Ordinal));
}

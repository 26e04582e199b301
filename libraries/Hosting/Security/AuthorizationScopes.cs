using Microsoft.AspNetCore.Authorization;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Hosting.Security;

/// <summary>One policy per scope, with the scope's name.</summary>
internal static class AuthorizationScopes
{
    /// <summary>Claim that carries scopes: one claim each, or several in one with spaces between (RFC 8693 section 4.2).</summary>
    public const string Claim = "scope";

    public static IReadOnlyList<string> All { get; } = [Scopes.Read, Scopes.Run, Scopes.Restore, Scopes.Admin];

    public static void AddPolicies(AuthorizationOptions options)
    {
        foreach (var scope in All)
        {
            options.AddPolicy(scope, policy => policy.RequireAuthenticatedUser().RequireAssertion(context =>
                context.User.FindAll(Claim).Any(claim => claim.Value.Split(' ').Contains(scope, StringComparer.Ordinal))));
        }
    }
}

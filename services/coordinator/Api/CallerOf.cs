using System.Security.Cryptography;
using System.Text.Json;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Hosting;
using StellaOps.Backup.Hosting.Security;

namespace StellaOps.Backup.Coordinator.Api;

/// <summary>What every request of the API tells in the same way.</summary>
internal static class CallerOf
{
    private const int LongestKey = 200;

    public static string Subject(HttpContext context) => context.User.FindFirst("sub")?.Value ?? "unknown";

    /// <param name="context">Of the request.</param>
    /// <param name="request">What is asked for, as it was understood: how the body is spelled makes no other request.</param>
    public static Caller Request(HttpContext context, object request)
    {
        var key = context.Request.Headers[Routes.IdempotencyKey].ToString();
        return key.Length > LongestKey
            ? throw new BackupException(ErrorCodes.InvalidInput, $"the header {Routes.IdempotencyKey} is longer than {LongestKey} characters")
            : key.Length == 0 ? new Caller { Subject = Subject(context) }
            : new Caller { Subject = Subject(context), IdempotencyKey = $"{context.Request.Path}:{key}", RequestHash = HashOf(request) };
    }

    /// <summary>For what needs more rights than its endpoint always does.</summary>
    public static void RequireScope(HttpContext context, string scope, string what)
    {
        if (!AuthorizationScopes.Has(context.User, scope))
        {
            throw new BackupException(ErrorCodes.NotAllowed, $"{what} needs the scope {scope}", $"Use a token that has the scope {scope}.");
        }
    }

    /// <summary>The kind of operations that a list is asked for.</summary>
    public static OperationKind KindOf(string kind) => Enum.GetValues<OperationKind>().Cast<OperationKind?>().FirstOrDefault(known => known!.Value.Name() == kind)
        ?? throw new BackupException(ErrorCodes.InvalidInput, $"'{kind}' is not a kind of operation", $"Known are {string.Join(", ", Enum.GetValues<OperationKind>().Select(known => known.Name()))}.");

    /// <summary>Component names of a request; empty for none and for <c>full</c>.</summary>
    public static IReadOnlyList<Component> ComponentsOf(IReadOnlyList<string> types)
    {
        if (types.Contains(Components.Full, StringComparer.Ordinal))
        {
            return [];
        }

        return [.. types.Select(type => Components.TryParse(type, out var component)
            ? component
            : throw new BackupException(ErrorCodes.InvalidInput, $"'{type}' is not a component", $"Known are {string.Join(", ", Components.All.Select(known => known.Name()))} and {Components.Full}."))];
    }

    private static string HashOf(object request) => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(request, request.GetType(), ServiceJson.Options)));
}

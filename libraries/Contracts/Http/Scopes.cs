namespace StellaOps.Backup.Contracts.Http;

/// <summary>Scopes of a bearer token.</summary>
public static class Scopes
{
    public const string Read = "backup:read";
    public const string Run = "backup:run";
    public const string Restore = "backup:restore";
    public const string Admin = "backup:admin";
}

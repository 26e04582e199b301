using StellaOps.Backup.Testing.Stack;

namespace StellaOps.Backup.RunbookChecks;

/// <summary>
/// Points that are really old: the whole stack, its servers included, runs with a <see cref="SlowClock"/> while they are taken and signed, and is then started
/// again with the right one.
/// </summary>
internal static class Past
{
    /// <summary>A full point.</summary>
    public const string Full = "forty-days-ago";

    /// <summary>A full point that is pinned.</summary>
    public const string Audited = "audited";

    /// <summary>A point of the database that is pinned, with some megabytes that no other has.</summary>
    public const string Large = "before-migration";

    /// <summary>A point of the configuration that is pinned.</summary>
    public const string Small = "old-settings";

    public static async Task LiveAsync(LocalStack stack, CancellationToken cancellationToken)
    {
        var old = Path.Combine(stack.Platform.DirectoryOf("config"), "old.yaml");
        await File.WriteAllTextAsync(old, "old: true\n", cancellationToken);
        await stack.Stella.OkAsync($"backup create --full --name {Full}", cancellationToken);
        await stack.Stella.OkAsync($"backup create --full --name {Audited}", cancellationToken);
        await stack.Stella.OkAsync($"backup create --type config --name {Small}", cancellationToken);
        await stack.Platform.SqlAsync("CREATE TABLE public.ballast AS SELECT sha256(n::text::bytea) AS incompressible FROM generate_series(1, 200000) AS n", cancellationToken);
        await stack.Stella.OkAsync($"backup create --type database --name {Large}", cancellationToken);
        await stack.Platform.SqlAsync("DROP TABLE public.ballast", cancellationToken);
        File.Delete(old);
        foreach (var name in (string[])[Audited, Small, Large])
        {
            await stack.Stella.OkAsync($"backup pin --name {name} --reason quarterly", cancellationToken);
        }
    }
}

using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Decorators;

namespace StellaOps.Backup.Coordinator.Points;

/// <summary>How long others wait for a location that does not answer, as keys of the location and of its points. What has no such key repeats its calls for minutes.</summary>
internal static class LocationPatience
{
    /// <summary>Of what has the acceptance lock: less than the 30 seconds after which who waits for the lock takes the catalog for gone.</summary>
    public const string UnderLock = "under-lock";

    /// <summary>Of what somebody asked, who hears from it before the client's 100 seconds are over.</summary>
    public const string Asked = "asked";

    public static readonly TimeSpan LongestUnderLock = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan LongestAsked = TimeSpan.FromSeconds(20);

    /// <summary>Of an archive elsewhere that somebody asks about: its lists may be many megabytes, and the line a slow one.</summary>
    public static readonly TimeSpan LongestElsewhere = TimeSpan.FromSeconds(60);

    public static void Add(IServiceCollection services)
    {
        Add(services, UnderLock, LongestUnderLock);
        Add(services, Asked, LongestAsked);
    }

    private static void Add(IServiceCollection services, string name, TimeSpan longest)
    {
        services.AddKeyedSingleton<IObjectStore>(
            name, (provider, _) => new PromptStore(provider.GetRequiredService<IObjectStore>(), longest, provider.GetRequiredService<TimeProvider>()));
        services.AddKeyedSingleton(
            name, (provider, _) => new PointStore(provider.GetRequiredKeyedService<IObjectStore>(name), provider.GetRequiredService<PointVerifier>()));
    }
}

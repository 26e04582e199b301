namespace StellaOps.Backup.Coordinator.Services;

/// <summary>The order in which services are started: as they are listed, but each after those that it depends on.</summary>
internal static class ServiceOrder
{
    /// <returns>Null when services wait for each other.</returns>
    public static IReadOnlyList<PlatformService>? Of(IEnumerable<PlatformService> services)
    {
        var waiting = services.ToList();
        var ordered = new List<PlatformService>();
        while (waiting.Count > 0)
        {
            if (waiting.Find(service => !waiting.Exists(other => service.DependsOn.Contains(other.Name))) is not { } next)
            {
                return null;
            }

            ordered.Add(next);
            waiting.Remove(next);
        }

        return ordered;
    }
}

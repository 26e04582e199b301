using System.Globalization;
using System.Reflection;

namespace StellaOps.Backup.Hosting.Identity;

/// <summary>Which process this is.</summary>
public sealed class ServiceIdentity(string service, TimeProvider clock)
{
    /// <summary>Name of the service, <c>evidence-backup</c> ...</summary>
    public string Service { get; } = service;

    /// <summary>Host name.</summary>
    public string Host { get; } = Environment.MachineName;

    /// <summary>Process id on that host.</summary>
    public int ProcessId { get; } = Environment.ProcessId;

    /// <summary>When the process started to serve.</summary>
    public DateTimeOffset StartedAt { get; } = clock.GetUtcNow();

    /// <summary>Version of the product.</summary>
    public string Version { get; } = typeof(ServiceIdentity).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
        ?.InformationalVersion.Split('+')[0] ?? "0.0.0";

    /// <summary>Unique name of the process, <c>service@host:pid:start</c>; also after a restart that reuses the process id.</summary>
    public string Worker => string.Create(CultureInfo.InvariantCulture, $"{Service}@{Host}:{ProcessId}:{StartedAt.ToUnixTimeMilliseconds()}");
}

namespace StellaOps.Backup.Coordinator.Services;

/// <summary>
/// How a service is started, stopped and asked: each a command for <c>/bin/sh -c</c>, or a URL that is called. Names in them were checked
/// by <see cref="ServiceControlSettings"/> to need no quoting.
/// </summary>
/// <param name="Start">Command, or URL of a POST.</param>
/// <param name="Stop">Command, or URL of a POST.</param>
/// <param name="Status">Command, or URL of a GET: succeeds while the service runs.</param>
/// <param name="Health">The same: succeeds while it does its work; null where running is all that is known.</param>
internal sealed record ServiceCommands(string Start, string Stop, string Status, string? Health)
{
    public static ServiceCommands Of(PlatformService service) => service switch
    {
        { Systemd: { } unit } => new($"systemctl start {unit}", $"systemctl stop {unit}", $"systemctl is-active --quiet {unit}", service.Health),
        { Compose: { } name } => OfCompose(name, service),
        _ => new(service.Start, service.Stop, service.Status, service.Health),
    };

    /// <summary>A container that has a health check of its own is asked by it.</summary>
    private static ServiceCommands OfCompose(string name, PlatformService service)
    {
        var compose = $"docker compose --project-directory {service.ComposeDirectory}";
        return new(
            $"{compose} up --detach --no-deps --no-recreate {name}",
            $"{compose} stop {name}",
            $"test -n \"$({compose} ps --quiet --status running {name})\"",
            service.Health ?? $"health=$({compose} ps --format '{{{{.Health}}}}' {name}) && case $health in *unhealthy* | *starting*) exit 1 ;; esac");
    }
}

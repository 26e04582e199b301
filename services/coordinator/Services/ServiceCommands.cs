namespace StellaOps.Backup.Coordinator.Services;

/// <summary>
/// How a service is started, stopped and asked: each a command for <c>/bin/sh -c</c>, or a URL that is called. Names in them were checked
/// by <see cref="ServiceControlSettings"/> to need no quoting.
/// </summary>
/// <param name="Start">Command, or URL of a POST.</param>
/// <param name="Stop">Command, or URL of a POST.</param>
/// <param name="Status">Command, or URL of a GET: succeeds while the service runs, or may begin to by itself.</param>
/// <param name="Health">The same: succeeds while it does its work; null where running is all that is known.</param>
internal sealed record ServiceCommands(string Start, string Stop, string Status, string? Health)
{
    public static ServiceCommands Of(PlatformService service) => service switch
    {
        { Systemd: { } unit } => new(
            $"systemctl start {unit}", $"systemctl stop {unit}", $"state=$(systemctl is-active {unit}); {UnitRuns}", service.Health ?? $"systemctl is-active --quiet {unit}"),
        { Compose: { } name } => OfCompose(name, service),
        _ => new(service.Start, service.Stop, service.Status, service.Health),
    };

    /// <summary>
    /// A unit that is on its way up or down has processes, too. Who cannot be asked (no bus, 4 for a unit that nobody knows) has not said that it does not run.
    /// </summary>
    private const string UnitRuns = "case $?:$state in 4:* | *:) exit 126 ;; *:inactive | *:failed | *:unknown) exit 1 ;; esac";

    /// <summary>
    /// A container that has a health check of its own is asked by it. One that Docker starts again and again, or that is paused, is there; an engine
    /// that does not answer has not said that it is not.
    /// </summary>
    private static ServiceCommands OfCompose(string name, PlatformService service)
    {
        var compose = $"docker compose --project-directory {service.ComposeDirectory}";
        return new(
            $"{compose} up --detach --no-deps --no-recreate {name}",
            $"{compose} stop {name}",
            $"there=$({compose} ps --quiet --status running --status restarting --status paused {name}) || exit 126; test -n \"$there\"",
            service.Health ?? $"health=$({compose} ps --format '{{{{.State}}}} {{{{.Health}}}}' {name}) && case $health in *unhealthy* | *starting* | *paused*) exit 1 ;; esac");
    }
}

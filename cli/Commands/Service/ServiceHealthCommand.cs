using System.CommandLine;
using System.Net;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Service;

/// <summary><c>stella service health</c>.</summary>
internal sealed class ServiceHealthCommand : StellaCommand
{
    public ServiceHealthCommand()
        : base("health", "Show the health of the backup system and of the platform's services") =>
        Examples = ["stella service health"];

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        // The answer of an unhealthy system has a status of its own, and the same body.
        var health = await session.Api.GetAsync<HealthView>($"{Routes.Health}?now=true", cancellationToken, HttpStatusCode.ServiceUnavailable);
        session.Print(health, output => ServiceReport.Write(output, health.Services));
        if (health.Status != "unhealthy")
        {
            return 0;
        }

        // A service of the platform that was stopped is not what is wrong.
        var down = health.Services.Where(service => service is { Status: "unhealthy" } or { Status: "stopped", Group: not "platform" }).Select(service => service.Name);
        throw new BackupException(ErrorCodes.Unhealthy, $"not healthy: {string.Join(", ", down)}");
    }
}

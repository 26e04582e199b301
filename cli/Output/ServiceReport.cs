using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Output;

/// <summary>Services as text.</summary>
internal static class ServiceReport
{
    public static void Write(TextWriter output, IReadOnlyList<ServiceHealth> services)
    {
        var table = new TextTable("SERVICE", "GROUP", "STATUS", "INSTANCES", "DETAIL").Right(3);
        foreach (var service in services)
        {
            table.Add(service.Name, service.Group, service.Status, Units.Count(service.Instances), service.Detail ?? "");
        }

        table.WriteTo(output);
    }
}

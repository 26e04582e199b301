using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Testing.Stack;

namespace StellaOps.Backup.RunbookChecks;

/// <summary>Looks that several sections take.</summary>
internal static class Looks
{
    /// <summary>The services of the sample platform.</summary>
    public static readonly string[] Services = ["postgres", "api", "release-orchestrator"];

    /// <summary>Process ids of services, to be asked for later.</summary>
    public static IReadOnlyList<int> ProcessesOf(LocalStack stack, params string[] services) => [.. services.Select(stack.ProcessId)];

    public static void Runs(IEnumerable<int> processes) => Assert.All(processes, process => Assert.True(IsAlive(process), $"process {process} is gone"));

    public static void Gone(IEnumerable<int> processes) => Assert.All(processes, process => Assert.False(IsAlive(process), $"process {process} still runs"));

    /// <summary>All services of the platform run, and everything is healthy.</summary>
    public static async Task HealthyAsync(Desk desk, CancellationToken cancellationToken)
    {
        Runs(ProcessesOf(desk.Stack, Services));
        var health = await desk.Stella.JsonAsync<HealthView>("service health", cancellationToken);
        Assert.Equal(Services.Order(), health.Services.Where(service => service.Group == "platform" && service.Status == "healthy").Select(service => service.Name).Order());
        await desk.Stella.OkAsync("doctor --check check.postgres.connectivity,check.postgres.wal", cancellationToken);
    }

    /// <summary>A point is whole and holds these components and nothing else.</summary>
    public static async Task HoldsAsync(Desk desk, string name, IEnumerable<Component> components, CancellationToken cancellationToken)
    {
        var point = await desk.Stella.PointAsync(name, cancellationToken);
        Assert.Equal(Outcome.Complete, point.Outcome);
        Assert.Equal(components.Order(), point.Components.Select(component => component.Component).Order());
        Assert.All(point.Components, component => Assert.True(component.Files > 0, $"{component.Component} holds no files"));
    }

    public static async Task ProofAsync(Desk desk, string name, string proof, CancellationToken cancellationToken) =>
        Assert.Equal(proof, (await desk.Stella.PointAsync(name, cancellationToken)).Proof);

    public static async Task GoneAsync(Desk desk, string name, CancellationToken cancellationToken)
    {
        await desk.Stella.RefusedAsync(4, $"backup info --name {name}", cancellationToken);
        Assert.DoesNotContain(await desk.PointsAsync("", cancellationToken), point => point.Name == name);
    }

    /// <summary>Bytes of the files below a folder of the location.</summary>
    public static long BytesOf(Desk desk, string folder) =>
        new DirectoryInfo(Path.Combine(desk.Stack.Location, folder)).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);

    /// <summary>The days after which what the retention's rules keep of a component goes.</summary>
    public static async Task KeptDaysAsync(Desk desk, Component component, int days, CancellationToken cancellationToken) =>
        Assert.Equal(days, (await desk.Stella.JsonAsync<RetentionView>("backup retention show", cancellationToken)).Rules.Single(rule => rule.Component == component).Days);

    /// <summary>Each point that there was is in the table of a run of the retention, with a decision and a reason.</summary>
    public static void Decided(Typed typed, IEnumerable<PointView> points) => Assert.All(points, point =>
        Assert.Contains(typed.Output.Split('\n'), line => line.StartsWith($"{point.Name} ", StringComparison.Ordinal) && System.Text.RegularExpressions.Regex.IsMatch(line, @"  (keep|drop) +\S")));

    /// <summary>A dead process that nobody has waited for yet runs no more.</summary>
    private static bool IsAlive(int process)
    {
        try
        {
            return !File.ReadAllText($"/proc/{process}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}

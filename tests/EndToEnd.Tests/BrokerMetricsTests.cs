using System.Text.RegularExpressions;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.EndToEnd.Tests;

public sealed partial class BrokerMetricsTests(LocalStack stack)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_broker_has_its_metrics_where_the_status_says()
    {
        var status = (await Processes.RunAsync(Path.Combine(LocalStack.Root, "deploy/local/status"), ["--data", stack.Data], cancellationToken: Token)).Checked();
        using var http = new HttpClient();
        var metrics = await http.GetStringAsync(new Uri(Address().Match(status.Output).Groups[1].Value), Token);

        // What the alert rules look at.
        Assert.Contains("\nrabbitmq_alarms_free_disk_space_watermark ", metrics, StringComparison.Ordinal);
    }

    [GeneratedRegex("metrics of the broker: (http://[^;]*)")]
    private static partial Regex Address();
}

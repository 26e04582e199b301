using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.EndToEnd.Tests;

/// <summary>The doctor looks now: no time passes between what happens and what it says.</summary>
public sealed class DoctorTests(LocalStack stack)
{
    private const string Checks = "doctor --check check.postgres.connectivity,check.postgres.wal";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_that_was_stopped_fails_at_once_and_one_that_was_started_passes_at_once()
    {
        // Points that other tests damaged in this stack are the coordinator's to complain of, before and after.
        var complaints = await ComplaintsAsync();
        await stack.Stella.OkAsync(Checks, Token);
        await stack.Stella.OkAsync("service stop --all", Token);
        try
        {
            var failed = await stack.Stella.RunAsync(Checks, Token);
            Assert.Equal(1, failed.ExitCode);
            Assert.Equal(2, failed.Output.Split('\n').Count(line => line.StartsWith("fail ", StringComparison.Ordinal) && line.Contains("does not answer: Connection refused", StringComparison.Ordinal)));
            Assert.Contains("try: stella service start --all", failed.Output, StringComparison.Ordinal);
        }
        finally
        {
            await stack.Stella.OkAsync("service start --all", Token);
        }

        await stack.Stella.OkAsync(Checks, Token);
        Assert.Empty((await ComplaintsAsync()).Except(complaints));
    }

    private async Task<IEnumerable<string>> ComplaintsAsync() =>
        (await stack.Stella.JsonAsync<HealthView>("service health", Token)).Services.Where(service => service.Status != "healthy").Select(service => $"{service.Name}: {service.Status}");
}

using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Tests.Stack;

namespace StellaOps.Backup.Coordinator.Tests.Flows;

/// <summary>The doctor and <c>service health</c>, through the API, with workers that announce that all is well, and see now what they are told to see.</summary>
public sealed class DoctorFlowTests(SharedStack shared) : IClassFixture<SharedStack>, IAsyncLifetime
{
    private const string Connectivity = "check.postgres.connectivity";
    private readonly CoordinatorStack _stack = shared.Stack;

    public async ValueTask InitializeAsync() => await _stack.ClearAsync(TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact(Timeout = 300_000)]
    public async Task What_a_worker_sees_now_counts_and_not_what_it_announced()
    {
        var token = TestContext.Current.CancellationToken;
        _stack.Workers.Seen = () => new CheckResult { Check = Connectivity, Status = "fail", Message = "does not answer" };
        var (status, check) = await ExamineAsync(token);
        Assert.Equal(("fail", "fail", "does not answer", "database-backup"), (status, check.Status, check.Message, check.Subject));

        Assert.Equal("healthy", (await HealthAsync("", token)).Status);
        var health = await HealthAsync("?now=true", token);
        Assert.Equal(("degraded", $"{Connectivity}: does not answer"), (health.Status, health.Detail));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_worker_that_does_not_answer_is_named_with_its_last_report_and_how_old_that_is()
    {
        var token = TestContext.Current.CancellationToken;
        _stack.Workers.Seen = null;
        var (status, check) = await ExamineAsync(token);
        Assert.Equal(("warn", "warn"), (status, check.Status));
        Assert.Matches("^database-backup@test:1:1 does not answer; [0-9]+ s ago it said: connected$", check.Message);
        Assert.Equal("healthy", (await HealthAsync("?now=true", token)).Status);
    }

    /// <summary>The workers of all clusters are one service: one that runs must not speak for one that does not.</summary>
    [Fact(Timeout = 300_000)]
    public async Task A_cluster_without_a_worker_makes_its_service_unhealthy_until_that_is_out_of_use()
    {
        var token = TestContext.Current.CancellationToken;
        await _stack.ExecuteAsync(
            """
            INSERT INTO workers (worker, service, heard_at, leaving, announcement)
            SELECT 'database-backup@lost:1:1', service, heard_at - interval '2 hours', false,
                   announcement || '{"host":"lost","clusters":[{"name":"analytics","systemIdentifier":"2"}]}'
              FROM workers WHERE service = 'database-backup'
            """,
            token);
        try
        {
            foreach (var query in (string[])["", "?now=true"])
            {
                using var answer = await _stack.Coordinator.Http.GetAsync(new Uri($"{Routes.Health}{query}", UriKind.Relative), token);
                Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, answer.StatusCode);
                var health = (await ApiClient.ReadAsync<HealthView>(answer, token)).Services.Single(service => service.Name == "database-backup");
                Assert.Equal(("unhealthy", 1, "no worker runs for database (analytics)"), (health.Status, health.Instances, health.Detail));
            }

            // One that left in an orderly way, and a day ago, was taken out of use.
            await _stack.ExecuteAsync("UPDATE workers SET leaving = true, heard_at = heard_at - interval '1 day' WHERE worker = 'database-backup@lost:1:1'", token);
            Assert.Equal("healthy", (await HealthAsync("", token)).Status);
        }
        finally
        {
            await _stack.ExecuteAsync("DELETE FROM workers WHERE worker = 'database-backup@lost:1:1'", CancellationToken.None);
        }
    }

    private async Task<(string Status, CheckResult Check)> ExamineAsync(CancellationToken token)
    {
        using var answer = await _stack.Api.PostAsync(Routes.Doctor, new DoctorRequest { Checks = [Connectivity] }, token);
        var report = await ApiClient.ReadAsync<DoctorReport>(answer, token);
        return (report.Status, Assert.Single(report.Checks));
    }

    private async Task<ServiceHealth> HealthAsync(string query, CancellationToken token) =>
        (await _stack.Api.GetAsync<HealthView>($"{Routes.Health}{query}", token)).Services.Single(service => service.Name == "database-backup");
}

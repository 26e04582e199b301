using System.Net;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Hosting;

namespace StellaOps.Backup.Gateway.Tests;

public sealed class GatewayTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_a_token_nothing_is_forwarded()
    {
        var asked = 0;
        await using var bench = await GatewayBench.StartAsync(app => app.MapGet("/api/v1/points", () => Interlocked.Increment(ref asked)));
        bench.Client.DefaultRequestHeaders.Authorization = null;
        using var answer = await bench.Client.GetAsync("/api/v1/points", Cancellation);
        Assert.Equal((HttpStatusCode.Unauthorized, "auth.required", 0), (answer.StatusCode, (await ErrorAsync(answer)).Code, asked));
    }

    [Fact]
    public async Task A_request_reaches_the_coordinator_as_it_was_made_and_the_answer_comes_back_as_it_is()
    {
        await using var bench = await GatewayBench.StartAsync(app => app.MapPost("/api/v1/backups", async (HttpRequest request) =>
        {
            using var reader = new StreamReader(request.Body);
            var seen = $"{request.Headers.Authorization}|{request.Headers["Idempotency-Key"]}|{request.QueryString}|{await reader.ReadToEndAsync(Cancellation)}";
            return Results.Text(seen, statusCode: 409);
        }));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/backups?a=b") { Content = new StringContent("{}") };
        request.Headers.Add("Idempotency-Key", "k1");
        using var answer = await bench.Client.SendAsync(request, Cancellation);
        Assert.Equal((HttpStatusCode.Conflict, "Bearer a-key|k1|?a=b|{}"), (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancellation)));
    }

    [Fact]
    public async Task Events_pass_one_by_one()
    {
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var bench = await GatewayBench.StartAsync(app => app.MapGet("/api/v1/operations/1/events", async (HttpResponse response) =>
        {
            response.ContentType = "text/event-stream";
            await response.WriteAsync("data: first\n\n", Cancellation);
            await response.Body.FlushAsync(Cancellation);
            await heard.Task.WaitAsync(Cancellation);
            await response.WriteAsync("data: second\n\n", Cancellation);
        }));
        await using var events = await bench.Client.GetStreamAsync("/api/v1/operations/1/events", Cancellation);
        using var reader = new StreamReader(events);
        Assert.Equal("data: first", await reader.ReadLineAsync(Cancellation));
        heard.SetResult();
        await reader.ReadLineAsync(Cancellation);
        Assert.Equal("data: second", await reader.ReadLineAsync(Cancellation));
    }

    [Fact]
    public async Task An_absent_coordinator_is_a_retryable_error_until_it_is_back()
    {
        await using var bench = await GatewayBench.StartAsync();
        using (var answer = await bench.Client.GetAsync("/api/v1/points", Cancellation))
        {
            var error = await ErrorAsync(answer);
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "server.unreachable"), (answer.StatusCode, error.Code));
            Assert.Contains("coordinator", error.Hint, StringComparison.Ordinal);
            Assert.NotNull(answer.Headers.RetryAfter);
        }

        await bench.StartCoordinatorAsync(app => app.MapGet("/api/v1/points", () => "points"));
        Assert.Equal("points", await bench.Client.GetStringAsync("/api/v1/points", Cancellation));
    }

    [Fact]
    public async Task Health_without_a_coordinator_says_so()
    {
        await using var bench = await GatewayBench.StartAsync();
        using var answer = await bench.Client.GetAsync(Routes.Health, Cancellation);
        var health = await answer.Content.ReadFromJsonAsync<HealthView>(ServiceJson.Options, Cancellation);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "unhealthy"), (answer.StatusCode, health!.Status));
        Assert.Equal("unhealthy", health.Services.Single(service => service.Name == "coordinator").Status);
    }

    [Fact]
    public async Task Health_that_the_coordinator_answers_is_passed_on_also_when_it_is_bad()
    {
        await using var bench = await GatewayBench.StartAsync(app => app.MapGet(Routes.Health, () => Results.Json(
            new HealthView { Status = "unhealthy", Services = [new ServiceHealth { Name = "evidence-backup", Group = "backup", Status = "stopped" }] }, ServiceJson.Options, statusCode: 503)));
        using var answer = await bench.Client.GetAsync(Routes.Health, Cancellation);
        var health = await answer.Content.ReadFromJsonAsync<HealthView>(ServiceJson.Options, Cancellation);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("evidence-backup", health!.Services.Single().Name);
    }

    [Fact]
    public async Task A_subject_that_asks_too_much_is_told_when_to_come_back()
    {
        await using var bench = await GatewayBench.StartAsync(
            app => app.MapGet("/api/v1/points", () => "points"), ("Gateway:Burst", "3"), ("Gateway:RequestsPerSecond", "1"));
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => bench.Client.GetAsync("/api/v1/points", Cancellation)));
        Assert.Contains(answers, answer => answer.StatusCode == HttpStatusCode.OK);
        var refused = answers.First(answer => answer.StatusCode == HttpStatusCode.TooManyRequests);
        var error = await ErrorAsync(refused);
        Assert.Equal("server.busy", error.Code);
        Assert.True(refused.Headers.RetryAfter!.Delta > TimeSpan.Zero);
        Assert.EndsWith($"the next may come in {refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds} s", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_no_request_of_the_api_has_is_refused()
    {
        var asked = 0;
        await using var bench = await GatewayBench.StartAsync(app => app.MapPost("/api/v1/backups", () => Interlocked.Increment(ref asked)));

        // Asks before it sends: who is refused while it sends may meet the end of the connection before the answer.
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/backups") { Content = new ByteArrayContent(new byte[2 << 20]) };
        request.Headers.ExpectContinue = true;
        using var answer = await bench.Client.SendAsync(request, Cancellation);
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "input.invalid", 0), (answer.StatusCode, (await ErrorAsync(answer)).Code, asked));
    }

    [Fact]
    public async Task Nothing_but_the_api_is_forwarded()
    {
        await using var bench = await GatewayBench.StartAsync(app => app.MapFallback(() => "forwarded"));
        using var answer = await bench.Client.GetAsync("/metrics-of-the-coordinator", Cancellation);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    private static async Task<ApiError> ErrorAsync(HttpResponseMessage answer) =>
        (await answer.Content.ReadFromJsonAsync<ErrorEnvelope>(ServiceJson.Options, Cancellation))!.Error;
}

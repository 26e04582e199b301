using System.Net;
using System.Net.Http.Json;
using System.Text;
using Microsoft.AspNetCore.Builder;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Hosting.Tests.Errors;

public sealed class ErrorAnswerTests : IAsyncLifetime
{
    private TestHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await TestHost.StartAsync(map: app =>
    {
        app.MapGet("/expected", void () => throw new BackupException(ErrorCodes.RepositoryLocked, "locked by another", "wait"));
        app.MapGet("/defect", void () => throw new InvalidOperationException("the password is hunter2"));
        app.MapPost("/body", (CreateBackupRequest request) => request);
        app.MapGet("/number", (int value) => value);
    });

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task An_expected_failure_is_answered_with_its_row_of_the_table()
    {
        var (status, error) = await GetAsync("/expected");
        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Equal(("repository.locked", "locked by another", "wait"), (error.Code, error.Message, error.Hint));
        Assert.Equal(32, error.TraceId.Length);
    }

    [Fact]
    public async Task A_defect_shows_nothing_of_its_insides()
    {
        using var answer = await _host.Client.GetAsync("/defect", TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Contains("\"unexpected\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", text, StringComparison.Ordinal);
        Assert.DoesNotContain("InvalidOperation", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/number?value=x", 400)]
    [InlineData("/nothing-here", 404)]
    public async Task A_request_that_cannot_be_read_is_invalid_input(string path, int expected)
    {
        var (status, error) = await GetAsync(path);
        Assert.Equal((expected, "input.invalid"), ((int)status, error.Code));
    }

    [Theory]
    [InlineData("{\"types\": 5}", "application/json", 400)]
    [InlineData("{", "application/json", 400)]
    [InlineData("types=full", "text/plain", 415)]
    public async Task A_body_that_cannot_be_read_is_invalid_input(string body, string type, int expected)
    {
        using var content = new StringContent(body, Encoding.UTF8, type);
        using var answer = await _host.Client.PostAsync("/body", content, TestContext.Current.CancellationToken);
        Assert.Equal(expected, (int)answer.StatusCode);
        Assert.Equal("input.invalid", (await ReadAsync(answer)).Code);
    }

    [Fact]
    public async Task The_trace_id_is_that_of_the_caller()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/expected");
        request.Headers.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        using var answer = await _host.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal("0af7651916cd43dd8448eb211c80319c", (await ReadAsync(answer)).TraceId);
    }

    private async Task<(HttpStatusCode Status, ApiError Error)> GetAsync(string path)
    {
        using var answer = await _host.Client.GetAsync(path, TestContext.Current.CancellationToken);
        return (answer.StatusCode, await ReadAsync(answer));
    }

    private static async Task<ApiError> ReadAsync(HttpResponseMessage answer) =>
        (await answer.Content.ReadFromJsonAsync<ErrorEnvelope>(ServiceJson.Options, TestContext.Current.CancellationToken))!.Error;
}

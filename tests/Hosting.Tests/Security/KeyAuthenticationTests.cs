using System.Net;
using System.Net.Http.Headers;
using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Hosting.Security;

namespace StellaOps.Backup.Hosting.Tests.Security;

public sealed class KeyAuthenticationTests : IAsyncLifetime
{
    private TestHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await TestHost.StartAsync(
        builder => builder.AddStellaAuthentication(),
        app =>
        {
            app.MapGet("/read", (ClaimsPrincipal user) => user.FindFirst("sub")!.Value).RequireAuthorization(Scopes.Read);
            app.MapGet("/restore", (ClaimsPrincipal user) => user.FindFirst("sub")!.Value).RequireAuthorization(Scopes.Restore);
        },
        ("Auth:Keys:0:Subject", "operator"),
        ("Auth:Keys:0:Sha256", TestHost.Sha256("operator-key")),
        ("Auth:Keys:0:Scopes:0", Scopes.Read),
        ("Auth:BootstrapKeySha256", TestHost.Sha256("bootstrap-key").ToUpperInvariant()));

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData("/read", null, HttpStatusCode.Unauthorized, "auth.required")]
    [InlineData("/read", "wrong-key", HttpStatusCode.Unauthorized, "auth.required")]
    [InlineData("/read", "operator-key", HttpStatusCode.OK, "operator")]
    [InlineData("/restore", "operator-key", HttpStatusCode.Forbidden, "auth.denied")]
    [InlineData("/restore", "operator-key", HttpStatusCode.Forbidden, "the token does not have the scope backup:restore, which this request needs")]
    [InlineData("/restore", "bootstrap-key", HttpStatusCode.OK, "bootstrap")]
    public async Task A_key_opens_what_its_scopes_name(string path, string? key, HttpStatusCode expected, string content)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        using var answer = await _host.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(expected, answer.StatusCode);
        Assert.Contains(content, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }
}

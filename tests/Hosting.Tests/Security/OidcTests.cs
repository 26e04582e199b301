using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Hosting.Security;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Hosting.Tests.Security;

/// <summary>Tokens of an OpenID Connect provider, which is a small one of the tests' own.</summary>
public sealed class OidcTests : IAsyncLifetime
{
    private readonly RSA _key = RSA.Create(2048);
    private TestHost _provider = null!;
    private TestHost _service = null!;

    private string Authority => _provider.Client.BaseAddress!.ToString().TrimEnd('/');

    public async ValueTask InitializeAsync()
    {
        var jwk = JsonWebKeyConverter.ConvertFromRSASecurityKey(new RsaSecurityKey(_key.ExportParameters(includePrivateParameters: false)) { KeyId = "1" });
        _provider = await TestHost.StartAsync(map: app =>
        {
            app.MapGet("/.well-known/openid-configuration", (HttpRequest request) => new Dictionary<string, string>
            {
                ["issuer"] = $"http://{request.Host}",
                ["jwks_uri"] = $"http://{request.Host}/keys",
            });
            app.MapGet("/keys", () => new { keys = new[] { new { kty = "RSA", kid = "1", use = "sig", n = jwk.N, e = jwk.E } } });
        });
        _service = await StartServiceAsync(Authority);
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        await _provider.DisposeAsync();
        _key.Dispose();
    }

    [Theory]
    [InlineData("backup:read backup:run", "stella-backup", HttpStatusCode.OK)]
    [InlineData("backup:read", "stella-backup", HttpStatusCode.Forbidden)]
    [InlineData("backup:read backup:run", "another", HttpStatusCode.Unauthorized)]
    public async Task A_token_opens_what_its_scope_claim_names(string scope, string audience, HttpStatusCode expected) =>
        Assert.Equal(expected, await GetAsync(Token(_key, scope, audience)));

    [Fact]
    public async Task A_token_of_another_signer_is_refused()
    {
        using var other = RSA.Create(2048);
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(Token(other, "backup:run", "stella-backup")));
    }

    [Fact]
    public async Task A_token_that_cannot_be_checked_because_the_provider_is_silent_is_not_called_invalid_and_keys_open()
    {
        await using var service = await StartServiceAsync($"http://127.0.0.1:{FreePorts.Next()}");
        using var answer = await AskAsync(service, Token(_key, "backup:run", "stella-backup"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        var error = (await answer.Content.ReadFromJsonAsync<ErrorEnvelope>(ServiceJson.Options, TestContext.Current.CancellationToken))!.Error;
        Assert.Equal("service.unhealthy", error.Code);
        Assert.Contains("Auth:Oidc:Authority", error.Hint, StringComparison.Ordinal);

        using var opened = await AskAsync(service, "bootstrap-key");
        Assert.Equal(HttpStatusCode.OK, opened.StatusCode);
    }

    private static Task<TestHost> StartServiceAsync(string authority) => TestHost.StartAsync(
        builder =>
        {
            builder.Configuration["Auth:Oidc:Authority"] = authority;
            builder.Configuration["Auth:Oidc:Audience"] = "stella-backup";
            builder.Configuration["Auth:BootstrapKeySha256"] = TestHost.Sha256("bootstrap-key");
            builder.AddStellaAuthentication();
        },
        app => app.MapGet("/run", () => "ran").RequireAuthorization(Scopes.Run));

    private string Token(RSA key, string scope, string audience) => new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
    {
        Issuer = Authority,
        Audience = audience,
        Expires = TimeProvider.System.GetUtcNow().AddMinutes(5).UtcDateTime,
        Claims = new Dictionary<string, object> { ["sub"] = "pipeline", ["scope"] = scope },
        SigningCredentials = new SigningCredentials(new RsaSecurityKey(key) { KeyId = "1" }, SecurityAlgorithms.RsaSha256),
    });

    private async Task<HttpStatusCode> GetAsync(string token)
    {
        using var answer = await AskAsync(_service, token);
        return answer.StatusCode;
    }

    private static async Task<HttpResponseMessage> AskAsync(TestHost service, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/run");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await service.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}

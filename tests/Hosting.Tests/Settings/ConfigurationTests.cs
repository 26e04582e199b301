using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Hosting.Messaging;
using StellaOps.Backup.Hosting.Security;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Hosting.Tests.Settings;

/// <summary>The tests that set environment variables and capture standard error: one class, so that they run one after another.</summary>
[Collection(nameof(ProcessEnvironment))]
public sealed class ConfigurationTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("STELLA_CONFIG", null);
        Environment.SetEnvironmentVariable("STELLAOPS_BACKUP__Worker__B", null);
        Environment.SetEnvironmentVariable("Worker__C", null);
        _directory.Dispose();
    }

    [Fact]
    public void The_environment_wins_over_the_shared_file_and_nothing_else_is_read()
    {
        File.WriteAllText(_directory["stella.json"], """{ "Worker": { "A": "file", "B": "file" } }""");
        Environment.SetEnvironmentVariable("STELLA_CONFIG", _directory["stella.json"]);
        Environment.SetEnvironmentVariable("STELLAOPS_BACKUP__Worker__B", "environment");
        Environment.SetEnvironmentVariable("Worker__C", "not ours");
        var builder = WebApplication.CreateBuilder(["--Worker:C=not ours"]);
        builder.AddStellaService("test");
        Assert.Equal(("file", "environment", null), (builder.Configuration["Worker:A"], builder.Configuration["Worker:B"], builder.Configuration["Worker:C"]));
    }

    [Theory]
    [InlineData(null, "does not exist")]
    [InlineData("{ \"a\": ", "is not valid JSON")]
    [InlineData("{ \"Evidnce\": { \"Directory\": \"/srv\" } }", "a section that no service knows: Evidnce")]
    public async Task A_shared_file_that_cannot_be_read_ends_the_service_with_a_sentence(string? content, string expected)
    {
        var file = _directory["stella.json"];
        if (content is not null)
        {
            await File.WriteAllTextAsync(file, content, TestContext.Current.CancellationToken);
        }

        Environment.SetEnvironmentVariable("STELLA_CONFIG", file);
        var (status, error) = await RunAsync(_ => { });
        Assert.Equal(ErrorCodes.NotConfigured.ExitStatus, status);
        Assert.Contains(file, error, StringComparison.Ordinal);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_settings_end_the_service_and_are_all_named()
    {
        var (status, error) = await RunAsync(builder =>
        {
            builder.Configuration["Broker:Port"] = "0";
            builder.Configuration["Listen:Url"] = "nowhere";
            builder.AddStellaBus(_ => { });
        });
        Assert.Equal(ErrorCodes.NotConfigured.ExitStatus, status);
        Assert.Contains("Listen:Url", error, StringComparison.Ordinal);
        Assert.Contains("Broker:Port", error, StringComparison.Ordinal);
        Assert.Contains("Broker:PasswordFile", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Broker:Prot", "5671", "setting Broker:Prot is not known: Broker has Host, Port, VirtualHost, Username, PasswordFile, UseTls")]
    [InlineData("Auth:Keys:0:Scope:0", "backup:read", "setting Auth:Keys:0:Scope is not known: Auth:Keys:0 has Subject, Sha256, Scopes")]
    [InlineData("Auth:Oidc:Authorty", "https://id.example.org", "setting Auth:Oidc:Authorty is not known: Auth:Oidc has Authority, Audience")]
    [InlineData("Auth:Oidc:Authority", "id.example.org", "setting Auth:Oidc:Authority is wrong or missing: an https:// address is wanted")]
    [InlineData("Auth:Oidc:Authority", "http://id.example.org", "setting Auth:Oidc:Authority is wrong or missing: an https:// address is wanted")]
    public async Task A_key_that_its_section_does_not_have_and_an_authority_that_is_no_address_end_the_service_and_are_named(string key, string value, string expected)
    {
        var (status, error) = await RunAsync(builder =>
        {
            builder.Configuration[key] = value;
            builder.Configuration["Listen:Url"] = "nowhere";
            builder.AddStellaAuthentication();
            builder.AddStellaBus(_ => { });
        });
        Assert.Equal(ErrorCodes.NotConfigured.ExitStatus, status);
        Assert.Contains($"error: {expected}", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_file_that_is_missing_ends_the_service_and_is_named()
    {
        var (status, error) = await RunAsync(builder =>
        {
            builder.Configuration["Broker:PasswordFile"] = _directory["none"];
            builder.AddStellaBus(_ => { });
        });
        Assert.Equal(ErrorCodes.NotConfigured.ExitStatus, status);
        Assert.Contains("Broker:PasswordFile", error, StringComparison.Ordinal);
    }

    private static async Task<(int Status, string Error)> RunAsync(Action<WebApplicationBuilder> register)
    {
        var before = Console.Error;
        using var captured = new StringWriter();
        Console.SetError(captured);
        try
        {
            return (await StellaRunner.RunAsync("test", register), captured.ToString());
        }
        finally
        {
            Console.SetError(before);
        }
    }
}

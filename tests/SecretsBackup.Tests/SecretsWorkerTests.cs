using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Hosting;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.SecretsBackup.Tests;

/// <summary>The worker's own registration, without a broker: what its settings and its checks say.</summary>
public sealed class SecretsWorkerTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new("secrets-worker-");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("Secrets:Paths:0", "/", "the root directory")]
    [InlineData("Secrets:Paths:0", "relative", "is not absolute")]
    [InlineData("Secrets:Paths:1", "/etc/stella/secrets/tls", "contain one another")]
    [InlineData("Secrets:Recipients:0", "age1wrong", "line 1")]
    public async Task A_wrong_setting_is_named_at_the_start(string setting, string value, string expected)
    {
        await using var worker = Build(("Secrets:Paths:0", "/etc/stella/secrets"), (setting, value));

        var refused = Assert.Throws<OptionsValidationException>(() => worker.Services.GetServices<IComponentHandler>().ToList());

        Assert.Contains(setting[..setting.LastIndexOf(':')], refused.Message, StringComparison.Ordinal);
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_checks_look_at_the_source_and_the_recipients_of_what_is_configured()
    {
        await File.WriteAllTextAsync(_directory["recipients"], "age1wrong\n", Cancellation);
        await using var worker = Build(("Secrets:Paths:0", _directory["nowhere"]), ("Secrets:RecipientsFile", _directory["recipients"]));
        var checks = worker.Services.GetServices<IServiceCheck>().ToList();
        var source = Assert.Single(checks, check => check.Id == "check.source.readable");
        var recipients = Assert.Single(checks, check => check.Id == "check.secrets.recipients");

        Assert.Equal(("secrets", "secrets"), (source.Subject, recipients.Subject));
        Assert.Equal("fail", (await source.RunAsync(Cancellation)).Status);
        var wrong = await Assert.ThrowsAsync<BackupException>(() => recipients.RunAsync(Cancellation));
        Assert.Contains("Secrets:RecipientsFile", wrong.Message, StringComparison.Ordinal);

        Directory.CreateDirectory(_directory["nowhere"]);
        await File.WriteAllTextAsync(_directory["recipients"], $"{X25519Identity.Generate()}\n", Cancellation);
        Assert.Equal("pass", (await source.RunAsync(Cancellation)).Status);
        Assert.Equal("pass", (await recipients.RunAsync(Cancellation)).Status);
    }

    private WebApplication Build(params (string Key, string Value)[] settings)
    {
        File.WriteAllText(_directory["password"], SecretsSite.Password);
        var builder = WebApplication.CreateBuilder();
        builder.AddStellaService("secrets-backup");
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Location:Url"] = _directory["location"],
            ["Broker:PasswordFile"] = _directory["password"],
            ["Secrets:RepositoryPasswordFile"] = _directory["password"],
            ["Secrets:ScratchDirectory"] = _directory["scratch"],
        });
        foreach (var (key, value) in settings)
        {
            builder.Configuration[key] = value;
        }

        SecretsWorker.Register(builder);
        return builder.Build();
    }
}

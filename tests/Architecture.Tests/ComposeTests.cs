using System.Text.Json;
using System.Text.RegularExpressions;

namespace StellaOps.Backup.Architecture.Tests;

/// <summary>What can be known of deploy/compose without a Docker engine; <c>tests/compose</c> tries it on one.</summary>
public sealed class ComposeTests
{
    private static readonly string[] Servers = ["rabbitmq", "catalog", "postgres"];

    private static IEnumerable<ComposeService> Services =>
        ComposeFile.All.Values.SelectMany(file => file.Services.Values).Where(service => service.Image is not null);

    [Fact]
    public void Every_program_has_an_image_and_every_service_of_ours_the_name_of_its_folder()
    {
        var programs = ProjectFile.All.Select(project => project.Folder).Where(folder => folder is "gateway" or "cli" || folder.StartsWith("services/", StringComparison.Ordinal)).ToList();
        Assert.Equal(
            programs.Select(folder => Path.GetFileNameWithoutExtension(Directory.GetFiles(SourceTree.PathOf(folder), "*.csproj").Single()).Split('.')[^1]).Order(),
            Services.Select(service => service.Program).OfType<string>().Order());
        Assert.Equal(
            programs.Where(folder => folder != "cli").Select(Path.GetFileName).Order(),
            Services.Where(service => service.Program is not (null or "Cli")).Select(service => service.Name).Order());
    }

    [Fact]
    public void Every_secret_that_a_service_sees_is_declared_and_made_by_the_credentials()
    {
        var script = File.ReadAllText(SourceTree.PathOf("deploy/compose/lib/credentials"));
        var declared = ComposeFile.All.Values.SelectMany(file => file.Secrets).ToDictionary();
        Assert.Equal(declared.Keys.Order(), ComposeFile.All.Values.SelectMany(file => file.Services.Values).SelectMany(service => service.Secrets).Distinct().Order());

        // The account of an object store is the user's, and certificates and keys share a name.
        Assert.All(declared.Values.Where(file => file != "location"), file => Assert.Matches($@"\b{Regex.Escape(Path.GetFileNameWithoutExtension(file))}\b", script));
    }

    [Theory]
    [InlineData("stack.json", "Coordinator", "coordinator")]
    [InlineData("stack.json", "Broker", "coordinator")]
    [InlineData("stack.json", "Broker", "database-backup")]
    [InlineData("stack.json", "Broker", "evidence-backup")]
    [InlineData("stack.json", "Broker", "config-backup")]
    [InlineData("stack.json", "Broker", "secrets-backup")]
    [InlineData("sample.json", "Database", "database-backup")]
    [InlineData("sample.json", "Evidence", "evidence-backup")]
    [InlineData("sample.json", "Config", "config-backup")]
    [InlineData("sample.json", "Secrets", "secrets-backup")]
    [InlineData("sample.json", "Keys", "secrets-backup")]
    public void A_service_sees_the_secrets_that_its_settings_name(string file, string section, string service)
    {
        using var settings = JsonDocument.Parse(File.ReadAllText(SourceTree.PathOf($"deploy/compose/config/{file}")));
        var named = Regex.Matches(settings.RootElement.GetProperty(section).GetRawText(), "/run/secrets/([a-z-]+)").Select(match => match.Groups[1].Value).ToList();
        Assert.NotEmpty(named);
        Assert.Subset(ComposeFile.Base.Services[service].Secrets.ToHashSet(), named.ToHashSet());
    }

    [Fact]
    public void A_password_of_a_repository_is_seen_by_one_worker_and_by_the_command_line() =>
        Assert.All(ComposeFile.Base.Secrets.Keys.Where(secret => secret.StartsWith("repository-", StringComparison.Ordinal)), secret =>
            Assert.Equal(2, Services.Count(service => service.Secrets.Contains(secret))));

    [Fact]
    public void No_container_may_do_more_than_it_needs()
    {
        Assert.All(Services.Where(service => service.Name != "credentials"), service =>
        {
            Assert.Equal("true", service.Value("read_only"));
            Assert.Contains("ALL", service.Strings("cap_drop"));
        });
        Assert.All(Services.Where(service => service.Name is not ("volumes" or "credentials")), service =>
        {
            Assert.Contains("no-new-privileges:true", service.Strings("security_opt"));
            Assert.Contains("999:999", service.Value("user"), StringComparison.Ordinal);
            Assert.Equal("true", service.Value("init"));
        });
        Assert.All(Services.Where(service => service.Program is not null), service => Assert.False(service.Has("hostname"), $"{service.Name} would share the locks of its replicas"));
        Assert.Equal(["gateway"], ComposeFile.Base.Services.Values.Where(service => service.Has("ports")).Select(service => service.Name));
    }

    [Fact]
    public void What_runs_for_long_is_started_anew_watched_and_bounded() => Assert.All(Services.Where(service => !service.Ends), service =>
    {
        Assert.Equal("unless-stopped", service.Value("restart"));
        Assert.All(["healthcheck", "mem_limit", "pids_limit", "logging", "stop_grace_period"], key => Assert.True(service.Has(key), $"{service.Name} has no {key}"));
        Assert.True(service.Program is not null || Servers.Contains(service.Name) || service.Name is "prometheus" or "grafana", $"{service.Name} is not known");
    });

    [Fact]
    public void Every_variable_of_the_compose_files_is_described()
    {
        var example = File.ReadAllText(SourceTree.PathOf("deploy/compose/.env.example"));
        var used = ComposeFile.All.Values.SelectMany(file => Regex.Matches(file.Text, @"(?<!\$)\$\{([A-Z_]+)").Select(match => match.Groups[1].Value)).Distinct();
        Assert.All(used, name => Assert.Matches($"(?m)^#?{name}=", example));
    }
}

using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Architecture.Tests;

/// <summary><c>deploy/compose/up</c> with a program in the place of Docker that has images and a registry, and nothing else; <c>tests/compose</c> tries it on an engine.</summary>
public sealed class ComposeUpTests : IDisposable
{
    private const string Registry = "registry.example/stellaops-backup";

    /// <summary>The images of this machine and of the registry are the lines of two files.</summary>
    private const string Docker = """
        #!/bin/bash
        printf '%s\n' "$*" >>"$ENGINE/calls"
        case $* in
          'compose config') cat "$ENGINE/config" ;;
          'image inspect '*) grep -qxF -- "$3" "$ENGINE/images" ;;
          'pull --quiet '*) grep -xF -- "$3" "$ENGINE/registry" >>"$ENGINE/images" ;;
        esac

        """;

    private static readonly string[] Scripts =
    [
        "deploy/compose/up", "deploy/compose/.env.example", "deploy/compose/lib/compose.sh",
        "deploy/local/lib/options.sh", "deploy/local/lib/processes.sh", "deploy/local/lib/first-point.sh",
    ];

    private readonly TemporaryDirectory _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task Images_that_are_missing_are_pulled_and_only_those_that_the_registry_lacks_are_built()
    {
        var result = (await UpAsync(Registry, "999:999", images: [], registry: [$"{Registry}/coordinator:4.2"])).Checked();
        Assert.Contains($"pull --quiet {Registry}/stella:4.2", Calls());
        Assert.DoesNotContain(Calls(), call => call.Contains("rabbitmq", StringComparison.Ordinal));
        Assert.Equal(["compose build volumes"], Builds());
        Assert.Contains($"warning: not to be had from the registry: {Registry}/stella:4.2; building", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Images_that_the_registry_has_are_not_built()
    {
        string[] all = [$"{Registry}/coordinator:4.2", $"{Registry}/stella:4.2"];
        (await UpAsync(Registry, "999:999", images: [], registry: all)).Checked();
        Assert.Empty(Builds());
    }

    [Fact]
    public async Task A_registry_is_not_asked_for_images_that_are_here()
    {
        (await UpAsync(Registry, "\"0:0\"", images: [$"{Registry}/coordinator:4.2", $"{Registry}/stella:4.2"], registry: [])).Checked();
        Assert.DoesNotContain(Calls(), call => call.StartsWith("pull", StringComparison.Ordinal));
        Assert.Empty(Builds());
    }

    [Fact]
    public async Task Without_a_registry_images_are_built_and_none_is_pulled()
    {
        (await UpAsync("stellaops-backup", "999:999", images: [], registry: [])).Checked();
        Assert.DoesNotContain(Calls(), call => call.StartsWith("pull", StringComparison.Ordinal));
        Assert.Equal(["compose build coordinator volumes"], Builds());
    }

    [Theory]
    [InlineData("1000:1000")]
    [InlineData("\"999:0\"")]
    public async Task An_account_that_cannot_read_the_credentials_is_refused_before_they_are_made(string user)
    {
        var refused = await UpAsync(Registry, user, images: [], registry: []);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains($"error: STELLA_USER={user.Trim('"')} ", refused.Error, StringComparison.Ordinal);
        Assert.Contains("next: take 999:999 or", refused.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Calls(), call => call.StartsWith("compose run", StringComparison.Ordinal));
    }

    private List<string> Calls() => [.. File.ReadAllLines(_home["calls"])];

    private IEnumerable<string> Builds() => Calls().Where(call => call.StartsWith("compose build", StringComparison.Ordinal));

    private async Task<ProcessResult> UpAsync(string prefix, string user, string[] images, string[] registry)
    {
        var token = TestContext.Current.CancellationToken;
        foreach (var script in Scripts)
        {
            var copy = _home["a place", script];
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(SourceTree.PathOf(script), copy);
        }

        var docker = _home["bin", "docker"];
        Directory.CreateDirectory(_home["bin"]);
        await File.WriteAllTextAsync(docker, Docker, token);
        File.SetUnixFileMode(docker, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await File.WriteAllTextAsync(_home["config"], Configuration(prefix, user), token);
        await File.WriteAllLinesAsync(_home["images"], images, token);
        await File.WriteAllLinesAsync(_home["registry"], registry, token);
        var environment = new Dictionary<string, string?> { ["ENGINE"] = _home.Path, ["PATH"] = $"{_home["bin"]}:{Environment.GetEnvironmentVariable("PATH")}" };
        return await Processes.RunAsync(_home["a place", "deploy/compose/up"], ["--no-first-backup"], environment, cancellationToken: token);
    }

    /// <summary>As <c>docker compose config</c> prints it.</summary>
    private static string Configuration(string prefix, string user) => $"""
        name: stella-backup
        services:
          coordinator:
            build:
              context: /source
            image: {prefix}/coordinator:4.2
            user: {user}
          rabbitmq:
            image: rabbitmq:4
            user: 999:999
          stella:
            image: {prefix}/stella:4.2
          volumes:
            build:
              context: /source
            image: {prefix}/stella:4.2
        volumes:
          backups:
            name: stella-backup_backups

        """;
}

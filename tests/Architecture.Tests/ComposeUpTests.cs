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
    public async Task An_image_that_cannot_be_pulled_is_not_built_beside_those_of_the_registry()
    {
        var result = await UpAsync(Registry, "999:999", images: [], registry: [$"{Registry}/coordinator:4.2"]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains($"error: images that could not be had: {Registry}/stella:4.2;", result.Error, StringComparison.Ordinal);
        Assert.Contains("next: try again, or build them of this source: deploy/compose/up --build", result.Error, StringComparison.Ordinal);
        Assert.Contains($"pull --quiet {Registry}/stella:4.2", Calls());
        Assert.DoesNotContain(Calls(), call => call.Contains("rabbitmq", StringComparison.Ordinal));
        Assert.Empty(Builds());
        Assert.DoesNotContain(Calls(), call => call.StartsWith("compose up", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(Registry)]
    [InlineData("docker.io/acme")]
    [InlineData("registry:5000/acme")]
    [InlineData("localhost")]
    public async Task Images_that_the_registry_has_are_pulled_and_not_built(string prefix)
    {
        string[] all = [$"{prefix}/coordinator:4.2", $"{prefix}/stella:4.2"];
        (await UpAsync(prefix, "999:999", images: [], registry: all)).Checked();
        Assert.All(all, image => Assert.Contains($"pull --quiet {image}", Calls()));
        Assert.Empty(Builds());
    }

    [Fact]
    public async Task All_images_are_built_under_the_names_of_a_registry_where_that_is_asked_for()
    {
        (await UpAsync(Registry, "999:999", images: [$"{Registry}/coordinator:4.2"], registry: [], "--build")).Checked();
        Assert.DoesNotContain(Calls(), call => call.StartsWith("pull", StringComparison.Ordinal));
        Assert.Equal(["compose build"], Builds());
    }

    [Fact]
    public async Task A_registry_is_not_asked_for_images_that_are_here()
    {
        (await UpAsync(Registry, "\"0:0\"", images: [$"{Registry}/coordinator:4.2", $"{Registry}/stella:4.2"], registry: [])).Checked();
        Assert.DoesNotContain(Calls(), call => call.StartsWith("pull", StringComparison.Ordinal));
        Assert.Empty(Builds());
    }

    [Theory]
    [InlineData("stellaops-backup")]
    [InlineData("acme")]
    [InlineData("acme/backup.local")]
    public async Task Without_a_registry_images_are_built_and_none_is_pulled(string prefix)
    {
        (await UpAsync(prefix, "999:999", images: [], registry: [])).Checked();
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

    private async Task<ProcessResult> UpAsync(string prefix, string user, string[] images, string[] registry, params string[] options)
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
        return await Processes.RunAsync(_home["a place", "deploy/compose/up"], ["--no-first-backup", .. options], environment, cancellationToken: token);
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

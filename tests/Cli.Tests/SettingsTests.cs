using StellaOps.Backup.Cli.Tests.Server;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Cli.Tests;

/// <summary>Flags win over the environment, the environment over the configuration file.</summary>
public sealed class SettingsTests : IAsyncDisposable
{
    private readonly StellaProgram _stella = new();
    private RecordedServer? _server;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_configuration_file_names_server_token_and_format()
    {
        var result = await RunAsync();
        Assert.Equal(0, result.ExitCode);
        Assert.StartsWith("{", result.Output, StringComparison.Ordinal);
        Assert.Equal("GET /api/v1/status token-of-file", Assert.Single(_server!.Requests).Replace("Bearer ", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_environment_wins_over_the_file()
    {
        var result = await RunAsync(environment: new() { ["STELLA_TOKEN"] = "token-of-environment", ["STELLA_FORMAT"] = "table" });
        Assert.StartsWith("location:", result.Output, StringComparison.Ordinal);
        Assert.EndsWith("Bearer token-of-environment", Assert.Single(_server!.Requests), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flag_wins_over_both()
    {
        var result = await RunAsync(
            environment: new() { ["STELLA_TOKEN"] = "token-of-environment" }, flags: ["--token", "token-of-flag", "--format", "ndjson"]);
        Assert.Equal(2, result.Output.Split('\n').Length);
        Assert.EndsWith("Bearer token-of-flag", Assert.Single(_server!.Requests), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("""{"serverr":"http://127.0.0.1"}""")]
    [InlineData("""{"token":"secret"}""")]
    public async Task A_configuration_file_that_is_wrong_is_named(string content)
    {
        var result = await RunAsync(file: content);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains($"the configuration file {ConfigPath} cannot be read", result.Error, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        _stella.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    private string ConfigPath => Path.Combine(_stella.Home, ".config", "stella", "config.json");

    private async Task<ProcessResult> RunAsync(string? file = null, Dictionary<string, string?>? environment = null, params string[] flags)
    {
        _server = await RecordedServer.StartAsync(Cancel);
        _server.Play([RecordedAnswer.Parse("GET /api/v1/status 200 status-empty.json")]);
        var tokenFile = Path.Combine(_stella.Home, "token");
        await File.WriteAllTextAsync(tokenFile, "token-of-file\nand a remark\n", Cancel);
        Directory.CreateDirectory(Path.GetDirectoryName(ConfigPath)!);
        var content = file ?? $$"""
            {
              // a remark
              "server": "{{_server.Address}}/", "tokenFile": "{{tokenFile}}", "format": "json",
            }
            """;
        await File.WriteAllTextAsync(ConfigPath, content, Cancel);
        var variables = _stella.EnvironmentFor(server: null);
        foreach (var (name, value) in environment ?? [])
        {
            variables[name] = value;
        }

        return await Processes.RunAsync(StellaProgram.Path, ["backup", "status", .. flags], variables, cancellationToken: Cancel);
    }
}

using System.Text;
using System.Text.RegularExpressions;
using StellaOps.Backup.Cli.Tests.Server;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Cli.Tests;

/// <summary>
/// The built <c>stella</c>, or the published one that STELLA_TEST_PROGRAM names, run as its own process with an empty home
/// and no variables but those that a test gives it.
/// </summary>
internal sealed partial class StellaProgram : IDisposable
{
    private readonly TemporaryDirectory _home = new();

    public static string Path { get; } =
        Environment.GetEnvironmentVariable("STELLA_TEST_PROGRAM") ?? System.IO.Path.Combine(AppContext.BaseDirectory, "stella");

    public string Home => _home.Path;

    public Dictionary<string, string?> EnvironmentFor(string? server) => new()
    {
        ["HOME"] = _home.Path,
        ["XDG_CONFIG_HOME"] = null,
        ["STELLA_SERVER"] = server,
        ["STELLA_TOKEN"] = null,
        ["STELLA_TOKEN_FILE"] = null,
        ["STELLA_FORMAT"] = null,
        ["STELLA_RECONNECT_SECONDS"] = null,
        ["TRACEPARENT"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    };

    /// <summary>Plays one call of a transcript; the answer is in the form of the transcript.</summary>
    public async Task<string> PlayAsync(TranscriptCall call, RecordedServer server, CancellationToken cancellationToken)
    {
        server.Play(call.Answers);
        var environment = EnvironmentFor(server.Address);
        foreach (var (name, value) in call.Environment)
        {
            environment[name] = value?.Length == 0 ? null : value?.Replace("$HOME", Home, StringComparison.Ordinal);
        }

        var result = await Processes.RunAsync(Path, call.Arguments, environment, workingDirectory: Home, cancellationToken: cancellationToken);
        var text = new StringBuilder();
        Append(text, "req", string.Join('\n', server.Requests));
        Append(text, "out", result.Output);
        Append(text, "err", result.Error);
        return Normalized(text.Append("exit ").Append(result.ExitCode).Append('\n').ToString(), server);
    }

    public void Dispose() => _home.Dispose();

    /// <summary>Times of the clock, ports and homes differ from run to run; recorded times do not.</summary>
    private string Normalized(string text, RecordedServer server) => Moments().Replace(
        text.Replace(server.Address, "http://server", StringComparison.Ordinal).Replace(Home, "$HOME", StringComparison.Ordinal),
        match => (DateTimeOffset.UtcNow - DateTimeOffset.Parse(match.Value, null)).Duration() < TimeSpan.FromHours(1) ? "<now>" : match.Value);

    private static void Append(StringBuilder text, string mark, string content)
    {
        foreach (var line in content.Split('\n', StringSplitOptions.None).SkipLast(content.EndsWith('\n') || content.Length == 0 ? 1 : 0))
        {
            text.Append($"{mark}| {line}".TrimEnd()).Append('\n');
        }
    }

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")]
    private static partial Regex Moments();
}

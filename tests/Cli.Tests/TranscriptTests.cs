using StellaOps.Backup.Cli.Tests.Server;

namespace StellaOps.Backup.Cli.Tests;

/// <summary>Every file in <c>transcripts/</c>, played with the real program against a real server. <c>UPDATE_GOLDEN=1</c> writes them anew.</summary>
public sealed class TranscriptTests
{
    public static TheoryData<string> Names =>
        [.. Directory.GetFiles(Transcript.Folder, "*.txt").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task The_program_speaks_as_in_the_transcript(string name)
    {
        var transcript = Transcript.Read(name);
        await using var server = await RecordedServer.StartAsync(TestContext.Current.CancellationToken);
        using var stella = new StellaProgram();
        var results = new List<string>();
        foreach (var call in transcript.Calls)
        {
            results.Add(await stella.PlayAsync(call, server, TestContext.Current.CancellationToken));
        }

        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            transcript.Write(results);
            transcript = Transcript.Read(name);
        }

        foreach (var (call, result) in transcript.Calls.Zip(results))
        {
            Assert.Equal($"$ {call.CommandLine}\n{call.Expected}", $"$ {call.CommandLine}\n{result}");
        }
    }
}

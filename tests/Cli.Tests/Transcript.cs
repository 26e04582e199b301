using System.Runtime.CompilerServices;
using System.Text;
using StellaOps.Backup.Cli.Tests.Server;

namespace StellaOps.Backup.Cli.Tests;

/// <summary>
/// A file of calls. Each starts with what surrounds it (<c># remark</c>, <c>&gt; recorded answer</c>, <c>+ NAME=value</c> for the
/// environment), then <c>$ command line</c>, then what is expected: requests (<c>req|</c>), output (<c>out|</c>), errors (<c>err|</c>) and the
/// exit status.
/// </summary>
internal sealed class Transcript
{
    private Transcript(string path, IReadOnlyList<TranscriptCall> calls) => (Path, Calls) = (path, calls);

    public static string Folder { get; } = System.IO.Path.Combine(SourceFolder(), "transcripts");

    public string Path { get; }

    public IReadOnlyList<TranscriptCall> Calls { get; }

    public static Transcript Read(string name)
    {
        var path = System.IO.Path.Combine(Folder, $"{name}.txt");
        var calls = new List<TranscriptCall>();
        var before = new List<string>();
        var expected = new StringBuilder();
        foreach (var line in File.ReadLines(path))
        {
            if (line.StartsWith("$ ", StringComparison.Ordinal))
            {
                calls.Add(new TranscriptCall([.. before], line[2..]));
                before.Clear();
            }
            else if (line.Length == 0 || "#>+".Contains(line[0], StringComparison.Ordinal))
            {
                Close(calls, expected);
                before.Add(line);
            }
            else
            {
                expected.Append(line).Append('\n');
            }
        }

        Close(calls, expected);
        return new Transcript(path, calls);
    }

    public void Write(IEnumerable<string> results)
    {
        var text = new StringBuilder();
        foreach (var (call, result) in Calls.Zip(results))
        {
            call.Before.ToList().ForEach(line => text.Append(line).Append('\n'));
            text.Append("$ ").Append(call.CommandLine).Append('\n').Append(result);
        }

        File.WriteAllText(Path, text.ToString());
    }

    private static void Close(List<TranscriptCall> calls, StringBuilder expected)
    {
        if (calls.Count > 0 && expected.Length > 0)
        {
            calls[^1] = calls[^1] with { Expected = expected.ToString() };
            expected.Clear();
        }
    }

    private static string SourceFolder([CallerFilePath] string path = "") => System.IO.Path.GetDirectoryName(path)!;
}

/// <summary>One call of a transcript.</summary>
internal sealed record TranscriptCall(IReadOnlyList<string> Before, string CommandLine)
{
    public string Expected { get; init; } = "";

    public IReadOnlyList<RecordedAnswer> Answers => [.. Lines('>').Select(RecordedAnswer.Parse)];

    public IEnumerable<KeyValuePair<string, string?>> Environment =>
        Lines('+').Select(line => line.Split('=', 2)).Select(pair => KeyValuePair.Create<string, string?>(pair[0], pair[1]));

    /// <summary>The words after <c>stella</c>; double quotes keep spaces together.</summary>
    public IReadOnlyList<string> Arguments =>
        [.. CommandLine.Split('"').SelectMany((part, at) => at % 2 == 1 ? [part] : part.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Skip(1)];

    private IEnumerable<string> Lines(char mark) => Before.Where(line => line.StartsWith(mark)).Select(line => line[1..].Trim());
}

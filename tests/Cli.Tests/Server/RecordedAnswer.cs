namespace StellaOps.Backup.Cli.Tests.Server;

/// <summary>
/// One line <c>&gt; METHOD PATH STATUS [FILE] [cut | hold]</c> of a transcript: what the server answers. <c>cut</c> breaks the connection after
/// the body, <c>hold</c> leaves it open. A second line for the same request is the answer to the second such request, and so on;
/// the last one stays.
/// </summary>
internal sealed record RecordedAnswer(string Method, string Path, int Status, string? File, bool Cut, bool Hold)
{
    public static RecordedAnswer Parse(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToList();
        var cut = words.Remove("cut");
        var hold = words.Remove("hold");
        return new RecordedAnswer(
            words[0], words[1], int.Parse(words[2], System.Globalization.CultureInfo.InvariantCulture), words.ElementAtOrDefault(3), cut, hold);
    }
}

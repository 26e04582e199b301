using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Output;

/// <summary>Lines of the log as text.</summary>
internal static class EventList
{
    public static void Write(TextWriter output, IReadOnlyList<EventView> events)
    {
        foreach (var line in events)
        {
            output.WriteLine(Line(line));
        }

        if (events.Count == 0)
        {
            output.WriteLine("nothing happened");
        }
    }

    public static string Line(EventView line)
    {
        var subject = string.Join(' ', new[] { line.Kind is { } kind ? Spelling.Of(kind) : null, line.Component?.Name() }.Where(part => part is not null));
        return $"{Units.Time(line.At)} {line.Level,-7} {(subject.Length > 0 ? $"{subject}: " : "")}{line.Message}";
    }
}

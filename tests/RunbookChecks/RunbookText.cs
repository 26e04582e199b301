using StellaOps.Backup.Testing.Stack;

namespace StellaOps.Backup.RunbookChecks;

/// <summary>runbook.txt: sections, their commands, and the effect of each.</summary>
internal static class RunbookText
{
    /// <summary>All commands, in their order.</summary>
    public static IReadOnlyList<RunbookLine> Read()
    {
        var lines = new List<RunbookLine>();
        var section = "";
        foreach (var line in File.ReadLines(Path.Combine(LocalStack.Root, "tests/RunbookChecks/runbook.txt")).Where(line => line.Length > 0))
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
            {
                section = line[3..];
            }
            else if (line.StartsWith(' '))
            {
                lines[^1] = lines[^1] with { Effect = line.Trim() };
            }
            else if (line[0] != '#')
            {
                lines.Add(new RunbookLine(section, line, ""));
            }
        }

        return lines;
    }
}

/// <param name="Section">As the runbook numbers it: <c>SP-004</c>.</param>
/// <param name="Command">As the runbook has it.</param>
/// <param name="Effect">What it has to bring about.</param>
internal sealed record RunbookLine(string Section, string Command, string Effect);

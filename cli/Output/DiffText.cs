using StellaOps.Backup.Cli.Repositories;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Cli.Output;

/// <summary>What differs between two points, as text: a line for each entry, and the lines of small files below it.</summary>
internal static class DiffText
{
    public static void Write(TextWriter output, DiffResult diff)
    {
        foreach (var item in diff.Items)
        {
            output.WriteLine($"{Letter(item.Change)}  {EntryView.OneLine(item.Path)}{(item.Type == "dir" ? "/" : "")}{Facts(item)}");
            if (item.Text is { } text)
            {
                output.Write(text);
            }
        }

        var more = diff.Added + diff.Removed + diff.Changed - diff.Items.Count;
        if (more > 0)
        {
            output.WriteLine($"and {Units.Count(more)} more; --path shows less at a time");
        }

        output.WriteLine($"{Units.Count(diff.Added)} added, {Units.Count(diff.Removed)} removed, {Units.Count(diff.Changed)} changed");
    }

    private static string Facts(DiffItem item)
    {
        var sizes = item is { Text: null, Type: "file" } ? Sizes(item) : null;
        var facts = string.Join("; ", new[] { item.Detail, sizes }.OfType<string>());
        return facts.Length == 0 ? "" : $"  ({facts})";
    }

    private static string? Sizes(DiffItem item) => (item.Change, item.SizeBefore, item.SizeAfter) switch
    {
        ("content", { } before, { } after) => $"{Units.Size(before)} {Short(item.Sha256Before)}to {Units.Size(after)} {Short(item.Sha256After)}".TrimEnd(),
        ("added", _, { } after) => $"{Units.Size(after)} {Short(item.Sha256After)}".TrimEnd(),
        ("removed", { } before, _) => $"{Units.Size(before)} {Short(item.Sha256Before)}".TrimEnd(),
        _ => null,
    };

    private static string Short(string? digest) => digest is null ? "" : $"{digest[..16]} ";

    private static char Letter(string change) => change switch { "added" => '+', "removed" => '-', "type" => 'T', "content" => 'C', _ => 'M' };
}

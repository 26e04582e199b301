namespace StellaOps.Backup.Cli.Output;

/// <summary>Columns of plain text, two spaces apart, as wide as their content: readable for humans, for grep and for awk.</summary>
internal sealed class TextTable(params string[] header)
{
    private const string Gap = "  ";

    private readonly List<string[]> _rows = [];
    private readonly HashSet<int> _numbers = [];

    /// <summary>Aligns columns to the right.</summary>
    public TextTable Right(params int[] columns)
    {
        _numbers.UnionWith(columns);
        return this;
    }

    public void Add(params string[] cells)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(cells.Length, header.Length);
        _rows.Add([.. cells.Select(OneLine)]);
    }

    public void WriteTo(TextWriter output)
    {
        var widths = header.Select((title, column) => _rows.Select(row => row[column].Length).Append(title.Length).Max()).ToArray();
        foreach (var row in _rows.Prepend(header))
        {
            var cells = row.Select((cell, column) => _numbers.Contains(column) ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]));
            output.WriteLine(string.Join(Gap, cells).TrimEnd());
        }
    }

    private static string OneLine(string cell) => cell.ReplaceLineEndings(" ");
}

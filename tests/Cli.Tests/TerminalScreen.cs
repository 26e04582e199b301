using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace StellaOps.Backup.Cli.Tests;

/// <summary>What stands on a terminal of unlimited height when a program has ended, as far as moving up and erasing lines decide it.</summary>
internal sealed partial class TerminalScreen
{
    private readonly int _columns;
    private readonly List<StringBuilder> _rows = [];
    private int _row, _column;

    private TerminalScreen(int columns) => _columns = columns;

    /// <summary>The lines from top to bottom, without empty ones at the end.</summary>
    public static IReadOnlyList<string> After(string output, int columns)
    {
        var screen = new TerminalScreen(columns);
        for (var at = 0; at < output.Length; at++)
        {
            if (Sequence().Match(output, at) is { Success: true } sequence)
            {
                screen.Obey(sequence.Groups["what"].Value, sequence.Groups["number"].Value);
                at += sequence.Length - 1;
            }
            else
            {
                screen.Take(output[at]);
            }
        }

        var lines = screen._rows.ConvertAll(row => row.ToString().TrimEnd());
        return [.. lines.Take(lines.FindLastIndex(line => line.Length > 0) + 1)];
    }

    private void Obey(string what, string number)
    {
        if (what == "A")
        {
            _row = Math.Max(0, _row - (number.Length == 0 ? 1 : int.Parse(number, CultureInfo.InvariantCulture)));
        }
        else if (what == "K")
        {
            var row = Row();
            row.Length = Math.Min(row.Length, number == "2" ? 0 : _column);
        }
    }

    private void Take(char character)
    {
        switch (character)
        {
            case '\r':
                _column = 0;
                break;
            case '\n':
                _row++;
                break;
            case '\b':
                _column = Math.Max(0, _column - 1);
                break;
            case >= ' ':
                Put(character);
                break;
        }
    }

    private void Put(char character)
    {
        if (_column == _columns)
        {
            (_row, _column) = (_row + 1, 0);
        }

        var row = Row();
        row.Append(' ', Math.Max(0, _column + 1 - row.Length));
        row[_column++] = character;
    }

    private StringBuilder Row()
    {
        while (_rows.Count <= _row)
        {
            _rows.Add(new StringBuilder());
        }

        return _rows[_row];
    }

    /// <summary>Also those of colours and modes, which are passed over.</summary>
    [GeneratedRegex(@"\G\x1B(?:\[\??(?<number>[0-9]*)[0-9;]*(?<what>[A-Za-z])|[^\[])")]
    private static partial Regex Sequence();
}

namespace StellaOps.Backup.Cli.Output;

/// <summary>Lines of <c>name: value</c> with the values below each other; a value that is null leaves its line out.</summary>
internal sealed class Facts
{
    private readonly List<(string Name, string Value)> _lines = [];

    public bool IsEmpty => _lines.Count == 0;

    public void Add(string name, string? value)
    {
        if (value is not null)
        {
            _lines.Add((name, value));
        }
    }

    public void WriteTo(TextWriter output, string indent = "")
    {
        var width = _lines.Select(line => line.Name.Length).DefaultIfEmpty().Max() + 1;
        foreach (var (name, value) in _lines)
        {
            output.WriteLine($"{indent}{(name + ":").PadRight(width)} {value}");
        }
    }
}

using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace StellaOps.Backup.Cli.Parsing;

/// <summary>A number of days, points or the like.</summary>
internal sealed class CountOption : Option<int?>
{
    private const int Most = 36_500;
    private readonly int _least;

    /// <param name="name">Name with its dashes.</param>
    /// <param name="description">What it is for.</param>
    /// <param name="least">0 where that takes a rule away, else 1.</param>
    public CountOption(string name, string description, int least)
        : base(name)
    {
        _least = least;
        Description = description;
        HelpName = "N";
        CustomParser = Read;
    }

    private int? Read(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= _least && count <= Most)
        {
            return count;
        }

        result.AddError($"'{text}' is not a number from {_least} to {Most} for {Name}");
        return null;
    }
}

using System.CommandLine;
using System.CommandLine.Parsing;
using StellaOps.Backup.Contracts;

namespace StellaOps.Backup.Cli.Parsing;

/// <summary><c>--type</c>: names of components or <c>full</c>, separated by commas or given repeatedly.</summary>
internal sealed class TypeOption : Option<string[]>
{
    private static readonly IReadOnlyList<string> Names = [.. Components.All.Select(component => component.Name()), Components.Full];

    public TypeOption(string description)
        : base("--type")
    {
        Description = $"{description}: {string.Join(", ", Names)}";
        HelpName = "T[,T]";
        Arity = ArgumentArity.OneOrMore;
        CustomParser = Read;
    }

    /// <summary>What was named; null when the option was not given.</summary>
    public IReadOnlyList<string>? Named(ParseResult parsed) => parsed.GetValue(this) is { Length: > 0 } names ? names : null;

    private static string[]? Read(ArgumentResult result)
    {
        var words = result.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.TrimEntries)).ToArray();
        foreach (var word in words.Where(word => !Names.Contains(word, StringComparer.Ordinal)))
        {
            var nearest = Suggestion.For(word, Names);
            result.AddError($"'{word}' is not a component; {(nearest is null ? $"there are {string.Join(", ", Names)}" : $"did you mean '{nearest}'?")}");
            return null;
        }

        return [.. words.Distinct(StringComparer.Ordinal)];
    }
}

using System.CommandLine;
using StellaOps.Backup.Contracts;

namespace StellaOps.Backup.Cli.Parsing;

/// <summary>The name of one component.</summary>
internal sealed class ComponentOption : Option<string>
{
    private static readonly IReadOnlyList<string> Names = [.. Components.All.Select(component => component.Name())];

    public ComponentOption(string name, string description)
        : base(name)
    {
        Description = $"{description}: {string.Join(", ", Names)}";
        HelpName = "T";
        Validators.Add(result =>
        {
            var word = result.Tokens is [var token, ..] ? token.Value : "";
            if (!Names.Contains(word, StringComparer.Ordinal))
            {
                var nearest = Suggestion.For(word, Names);
                result.AddError($"'{word}' is not a component; {(nearest is null ? $"there are {string.Join(", ", Names)}" : $"did you mean '{nearest}'?")}");
            }
        });
    }
}

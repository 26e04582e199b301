using System.CommandLine;
using System.CommandLine.Parsing;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Cli.Parsing;

/// <summary><c>--tablespace-map</c>: other directories for tablespaces, given repeatedly.</summary>
internal sealed class TablespaceMapOption : Option<TablespacePlace[]>
{
    public TablespaceMapOption()
        : base("--tablespace-map")
    {
        Description = "Directory on the database's host for a tablespace, by its name or where it was; others go to where they were";
        HelpName = "NAME=DIR";
        Arity = ArgumentArity.OneOrMore;
        CustomParser = Read;
    }

    private static TablespacePlace[]? Read(ArgumentResult result)
    {
        var places = new List<TablespacePlace>();
        foreach (var token in result.Tokens)
        {
            if (token.Value.Split('=') is not [{ Length: > 0 } from, { Length: > 0 } to])
            {
                result.AddError($"'{token.Value}' is not NAME=DIR");
                return null;
            }

            places.Add(new TablespacePlace { From = from, To = to });
        }

        return [.. places];
    }
}

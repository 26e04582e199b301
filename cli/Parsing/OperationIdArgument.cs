using System.CommandLine;
using System.CommandLine.Parsing;

namespace StellaOps.Backup.Cli.Parsing;

/// <summary>The id of an operation.</summary>
internal sealed class OperationIdArgument : Argument<Guid>
{
    public OperationIdArgument()
        : base("ID")
    {
        Description = "Id of the operation, as 'stella operation list' shows it";
        CustomParser = Read;
    }

    public static Guid Read(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (!Guid.TryParse(text, out var id))
        {
            result.AddError($"'{text}' is not the id of an operation; 'stella operation list' shows them");
        }

        return id;
    }
}

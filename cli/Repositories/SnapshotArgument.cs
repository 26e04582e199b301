using System.CommandLine;
using StellaOps.Backup.Repository.Queries;

namespace StellaOps.Backup.Cli.Repositories;

/// <summary>One snapshot, as people name it.</summary>
internal sealed class SnapshotArgument : Argument<string>
{
    public SnapshotArgument(string name = "SNAPSHOT", string description = "'latest', an id, or the first digits of one")
        : base(name)
    {
        Description = description;
        Validators.Add(result =>
        {
            var text = result.Tokens is [var token, ..] ? token.Value : "";
            if (!IsName(text))
            {
                result.AddError($"'{text}' is not a snapshot; use '{SnapshotSearch.Latest}' or the first hexadecimal digits of an id");
            }
        });
    }

    public static bool IsName(string text) =>
        text == SnapshotSearch.Latest || (text.Length is > 0 and <= 64 && text.All(digit => char.IsAsciiHexDigitLower(digit)));
}

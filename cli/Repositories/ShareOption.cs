using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace StellaOps.Backup.Cli.Repositories;

/// <summary><c>--share</c>: a part of the whole, such as <c>1/30</c> or <c>5%</c>.</summary>
internal sealed class ShareOption : Option<double?>
{
    public ShareOption()
        : base("--share")
    {
        Description = "Read only this part of the data, what was read longest ago first: 1/30, 5%";
        HelpName = "PART";
        CustomParser = Read;
    }

    private static double? Read(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        var part = text.Split('/') is [var above, var below] && Number(above) is { } numerator && Number(below) is { } denominator and > 0 ? numerator / denominator
            : text.EndsWith('%') && Number(text[..^1]) is { } percent ? percent / 100
            : (double?)null;
        if (part is > 0 and <= 1)
        {
            return part;
        }

        result.AddError($"'{text}' is not a part of the whole; write 1/30 or 5%");
        return null;
    }

    private static double? Number(string text) => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : null;
}

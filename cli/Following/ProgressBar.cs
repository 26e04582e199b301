using System.Globalization;
using Spectre.Console;

namespace StellaOps.Backup.Cli.Following;

/// <summary>The bar of one piece of work.</summary>
internal static class ProgressBar
{
    private const int Width = 20;

    /// <param name="fraction">0 to 1; null while it is not known.</param>
    /// <param name="color">Name of a colour.</param>
    public static Markup Draw(double? fraction, string color)
    {
        var filled = (int)Math.Round((fraction ?? 0) * Width);
        var percent = fraction is { } known ? known.ToString("0%", CultureInfo.InvariantCulture) : "";
        return new Markup($"[{color}]{new string('━', filled)}[/][grey]{new string('─', Width - filled)}[/] {percent,4}");
    }
}

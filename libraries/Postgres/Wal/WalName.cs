using System.Buffers;
using System.Globalization;

namespace StellaOps.Backup.Postgres.Wal;

/// <summary>The 24 hexadecimal digits that name a segment: timeline, and the position in two parts whose meaning depends on the segment size.</summary>
public readonly record struct WalName(uint Timeline, uint Log, uint Segment)
{
    /// <summary>Digits of a segment's name.</summary>
    public const int Length = 24;

    private const string HistorySuffix = ".history";
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789ABCDEF");

    /// <summary>Reads a segment's name; upper-case digits only, as PostgreSQL writes them.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out WalName name)
    {
        name = default;
        if (text.Length != Length || text.ContainsAnyExcept(Digits))
        {
            return false;
        }

        name = new WalName(Hex(text[..8]), Hex(text[8..16]), Hex(text[16..]));
        return name.Timeline > 0;
    }

    /// <summary>Reads the name of a history file.</summary>
    public static bool TryParseHistory(ReadOnlySpan<char> text, out uint timeline)
    {
        timeline = 0;
        if (text.Length != 8 + HistorySuffix.Length || !text.EndsWith(HistorySuffix, StringComparison.Ordinal) || text[..8].ContainsAnyExcept(Digits))
        {
            return false;
        }

        timeline = Hex(text[..8]);
        return timeline > 1;
    }

    /// <summary>Name of the history file of a timeline.</summary>
    public static string History(uint timeline) => string.Create(CultureInfo.InvariantCulture, $"{timeline:X8}{HistorySuffix}");

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Timeline:X8}{Log:X8}{Segment:X8}");

    private static uint Hex(ReadOnlySpan<char> digits) => uint.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}

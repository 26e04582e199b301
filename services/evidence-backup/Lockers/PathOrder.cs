namespace StellaOps.Backup.EvidenceBackup.Lockers;

/// <summary>The order of paths by the bytes of their UTF-8, which is that of <c>LC_ALL=C sort</c>.</summary>
internal sealed class PathOrder : IComparer<string>
{
    public static PathOrder Instance { get; } = new();

    public int Compare(string? x, string? y)
    {
        var left = x.AsSpan();
        var right = y.AsSpan();
        var same = left.CommonPrefixLength(right);
        return same == left.Length || same == right.Length ? left.Length - right.Length : Rank(left[same]) - Rank(right[same]);
    }

    /// <summary>Surrogates stand for characters behind all others, and U+E000 to U+FFFF come before them.</summary>
    private static int Rank(char unit) => char.IsSurrogate(unit) ? unit + 0x2000 : unit >= 0xE000 ? unit - 0x800 : unit;
}

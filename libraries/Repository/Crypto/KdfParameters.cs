using System.Numerics;

namespace StellaOps.Backup.Repository.Crypto;

/// <summary>Cost of turning a password into keys with scrypt: memory is 128·N·r bytes, time grows with N·r·p.</summary>
/// <param name="N">A power of two.</param>
/// <param name="R">Block size.</param>
/// <param name="P">Repetitions.</param>
public sealed record KdfParameters(int N, int R, int P)
{
    private const long LargestMemory = 1L << 30, LargestWork = 1L << 27;

    /// <summary>
    /// 32 MiB three times, which OWASP's Password Storage Cheat Sheet asks for: a quarter of a second of one processor. The same everywhere: a measured cost
    /// would be small on a machine that happens to be busy.
    /// </summary>
    public static KdfParameters Default { get; } = new(1 << 15, 8, 3);

    /// <summary>False for values that no honest key file has: a cost of minutes or gigabytes is an attack on the reader.</summary>
    internal bool IsAcceptable =>
        N > 1 && BitOperations.IsPow2(N) && R > 0 && P > 0 && 128L * N * R <= LargestMemory && P <= LargestWork / ((long)N * R) && 128L * R * P <= LargestMemory;
}

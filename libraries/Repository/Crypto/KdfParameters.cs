using System.Numerics;
using System.Security.Cryptography;

namespace StellaOps.Backup.Repository.Crypto;

/// <summary>Cost of turning a password into keys with scrypt: memory is 128·N·r bytes, time grows with N·r·p.</summary>
/// <param name="N">A power of two.</param>
/// <param name="R">Block size.</param>
/// <param name="P">Repetitions.</param>
public sealed record KdfParameters(int N, int R, int P)
{
    private const long LargestMemory = 1L << 30, LargestWork = 1L << 27;

    /// <summary>Time that restic aims at, too.</summary>
    private static readonly TimeSpan Target = TimeSpan.FromMilliseconds(500);

    /// <summary>False for values that no honest key file has: a cost of minutes or gigabytes is an attack on the reader.</summary>
    internal bool IsAcceptable =>
        N > 1 && BitOperations.IsPow2(N) && R > 0 && P > 0 && 128L * N * R <= LargestMemory && P <= LargestWork / ((long)N * R);

    /// <summary>32 MiB, and as many repetitions as this machine does in half a second.</summary>
    internal static KdfParameters Calibrate(TimeProvider clock)
    {
        var once = new KdfParameters(32768, 8, 1);
        Span<byte> key = stackalloc byte[64];
        Span<byte> salt = stackalloc byte[64];
        var start = clock.GetTimestamp();
        CipherSuite.Current.DeriveKey("calibration"u8, salt, once.N, once.R, once.P, key);
        var time = clock.GetElapsedTime(start);
        CryptographicOperations.ZeroMemory(key);
        return once with { P = time > TimeSpan.Zero ? (int)Math.Clamp(Target / time, 1, 16) : 1 };
    }
}

using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace StellaOps.Backup.Repository.Crypto;

/// <summary>
/// scrypt (RFC 7914). The p mixes of a derivation do not depend on one another, and run at the same time here; libraries do one after another, and every
/// command that opens a repository waits for it.
/// </summary>
internal static unsafe class Scrypt
{
    /// <summary>Bytes that all mixes under way may take together, unless a single one takes more.</summary>
    private const long MostMemory = 1L << 30;

    /// <param name="password">Any bytes, or none.</param>
    /// <param name="salt">Any bytes, or none.</param>
    /// <param name="cost">Memory of each mix and how many there are; acceptable (<see cref="KdfParameters.IsAcceptable"/>).</param>
    /// <param name="key">Is filled.</param>
    internal static void DeriveKey(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, KdfParameters cost, Span<byte> key)
    {
        var length = SalsaBlocks.Bytes * 2 * cost.R;
        var mixed = new byte[length * cost.P];
        Rfc2898DeriveBytes.Pbkdf2(password, salt, mixed, iterations: 1, HashAlgorithmName.SHA256);
        var atOnce = (int)Math.Clamp(MostMemory / ((long)length * cost.N), 1, Environment.ProcessorCount);
        Parallel.For(0, cost.P, new ParallelOptions { MaxDegreeOfParallelism = atOnce }, part => Mix(mixed.AsSpan(part * length, length), cost.N));
        Rfc2898DeriveBytes.Pbkdf2(password, mixed, key, iterations: 1, HashAlgorithmName.SHA256);
        CryptographicOperations.ZeroMemory(mixed);
    }

    /// <summary>scryptROMix (section 5). Memory: <paramref name="n"/> times the block, cleared at the end.</summary>
    private static void Mix(Span<byte> block, int n)
    {
        var vectors = block.Length / SalsaBlocks.Bytes * SalsaBlocks.Vectors;
        var length = (nuint)block.Length * ((nuint)n + 2); // All steps, and two that take turns.
        var memory = (Vector128<uint>*)NativeMemory.AlignedAlloc(length, SalsaBlocks.Bytes);
        try
        {
            SalsaBlocks.Load(block, memory);
            for (nint step = 0; step < n; step++)
            {
                SalsaBlocks.Mix(memory + (step * vectors), memory + ((step + 1) * vectors), vectors);
            }

            var (now, next) = ((nint)n * vectors, (nint)(n + 1) * vectors);
            for (var step = 0; step < n; step++)
            {
                MixWithChosen(memory, memory + now, memory + next, vectors, n);
                (now, next) = (next, now);
            }

            SalsaBlocks.Store(memory + now, block);
        }
        finally
        {
            NativeMemory.Clear(memory, length);
            NativeMemory.AlignedFree(memory);
        }
    }

    private static void MixWithChosen(Vector128<uint>* steps, Vector128<uint>* from, Vector128<uint>* to, int vectors, int n)
    {
        // By the first word of the last block; n is a power of two, and below 2^32.
        var chosen = steps + ((nint)(from[vectors - SalsaBlocks.Vectors][0] & ((uint)n - 1)) * vectors);
        for (var at = 0; at < vectors; at++)
        {
            from[at] ^= chosen[at];
        }

        SalsaBlocks.Mix(from, to, vectors);
    }
}

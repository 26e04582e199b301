using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace StellaOps.Backup.Repository.Hashing;

/// <summary>
/// The compression function of SHA-256 (FIPS 180-4, section 6.2.2) on sixteen messages at a time: element i of each vector belongs to message i. The
/// instructions that processors have for SHA-256 wait for one another within a message; here, none waits, which makes up for twice as many.
/// </summary>
internal static unsafe class Sha256Lanes
{
    /// <summary>Messages at a time.</summary>
    internal const int Count = 16;

    /// <summary>Bytes of a block.</summary>
    internal const int Block = 64;

    /// <summary>Words of a state, each of which is a vector: <c>state[word * Count + lane]</c>.</summary>
    internal const int StateWords = 8;

    private const int BlockWords = Block / sizeof(uint), Rounds = 64;

    /// <summary>Whether this processor can.</summary>
    internal static bool IsSupported => Avx512BW.IsSupported;

    /// <summary>H(0) of section 5.3.3.</summary>
    internal static ReadOnlySpan<uint> Initial => [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

    // Section 4.2.2.
    private static ReadOnlySpan<uint> Constants =>
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];

    /// <summary>Takes the next blocks of every message.</summary>
    /// <param name="state"><see cref="StateWords"/> × <see cref="Count"/> words.</param>
    /// <param name="messages"><see cref="Count"/> places, which move behind what was taken.</param>
    /// <param name="blocks">How many blocks of each.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // From the first call on: those that come before a second compilation would take seconds.
    internal static void Take(uint* state, byte** messages, long blocks)
    {
        var rows = stackalloc Vector512<uint>[BlockWords];
        var (a, b, c, d) = (Vector512.Load(state), Vector512.Load(state + Count), Vector512.Load(state + (2 * Count)), Vector512.Load(state + (3 * Count)));
        var (e, f, g, h) = (Vector512.Load(state + (4 * Count)), Vector512.Load(state + (5 * Count)), Vector512.Load(state + (6 * Count)), Vector512.Load(state + (7 * Count)));
        fixed (uint* constants = Constants)
        {
            for (; blocks > 0; blocks--)
            {
                var (a0, b0, c0, d0, e0, f0, g0, h0) = (a, b, c, d, e, f, g, h);
                Load(messages, rows);
                var (w0, w1, w2, w3, w4, w5, w6, w7) = (rows[0], rows[1], rows[2], rows[3], rows[4], rows[5], rows[6], rows[7]);
                var (w8, w9, w10, w11, w12, w13, w14, w15) = (rows[8], rows[9], rows[10], rows[11], rows[12], rows[13], rows[14], rows[15]);

                // State, schedule and what a round needs fit into the 32 registers: written out, no word goes through memory.
                for (var k = constants; ; k += BlockWords)
                {
                    Round(a, b, c, ref d, e, f, g, ref h, w0 + Vector512.Create(k[0]));
                    Round(h, a, b, ref c, d, e, f, ref g, w1 + Vector512.Create(k[1]));
                    Round(g, h, a, ref b, c, d, e, ref f, w2 + Vector512.Create(k[2]));
                    Round(f, g, h, ref a, b, c, d, ref e, w3 + Vector512.Create(k[3]));
                    Round(e, f, g, ref h, a, b, c, ref d, w4 + Vector512.Create(k[4]));
                    Round(d, e, f, ref g, h, a, b, ref c, w5 + Vector512.Create(k[5]));
                    Round(c, d, e, ref f, g, h, a, ref b, w6 + Vector512.Create(k[6]));
                    Round(b, c, d, ref e, f, g, h, ref a, w7 + Vector512.Create(k[7]));
                    Round(a, b, c, ref d, e, f, g, ref h, w8 + Vector512.Create(k[8]));
                    Round(h, a, b, ref c, d, e, f, ref g, w9 + Vector512.Create(k[9]));
                    Round(g, h, a, ref b, c, d, e, ref f, w10 + Vector512.Create(k[10]));
                    Round(f, g, h, ref a, b, c, d, ref e, w11 + Vector512.Create(k[11]));
                    Round(e, f, g, ref h, a, b, c, ref d, w12 + Vector512.Create(k[12]));
                    Round(d, e, f, ref g, h, a, b, ref c, w13 + Vector512.Create(k[13]));
                    Round(c, d, e, ref f, g, h, a, ref b, w14 + Vector512.Create(k[14]));
                    Round(b, c, d, ref e, f, g, h, ref a, w15 + Vector512.Create(k[15]));
                    if (k == constants + Rounds - BlockWords)
                    {
                        break;
                    }

                    w0 = Next(w0, w1, w9, w14);
                    w1 = Next(w1, w2, w10, w15);
                    w2 = Next(w2, w3, w11, w0);
                    w3 = Next(w3, w4, w12, w1);
                    w4 = Next(w4, w5, w13, w2);
                    w5 = Next(w5, w6, w14, w3);
                    w6 = Next(w6, w7, w15, w4);
                    w7 = Next(w7, w8, w0, w5);
                    w8 = Next(w8, w9, w1, w6);
                    w9 = Next(w9, w10, w2, w7);
                    w10 = Next(w10, w11, w3, w8);
                    w11 = Next(w11, w12, w4, w9);
                    w12 = Next(w12, w13, w5, w10);
                    w13 = Next(w13, w14, w6, w11);
                    w14 = Next(w14, w15, w7, w12);
                    w15 = Next(w15, w0, w8, w13);
                }

                (a, b, c, d, e, f, g, h) = (a + a0, b + b0, c + c0, d + d0, e + e0, f + f0, g + g0, h + h0);
            }
        }

        a.Store(state);
        b.Store(state + Count);
        c.Store(state + (2 * Count));
        d.Store(state + (3 * Count));
        e.Store(state + (4 * Count));
        f.Store(state + (5 * Count));
        g.Store(state + (6 * Count));
        h.Store(state + (7 * Count));
    }

    /// <summary>One round, after which the names move on by one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(
        Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, ref Vector512<uint> d, Vector512<uint> e, Vector512<uint> f, Vector512<uint> g, ref Vector512<uint> h, Vector512<uint> word)
    {
        const byte choose = 0xCA, majority = 0xE8;
        var first = h + word + Sum(Right(e, 6), Right(e, 11), Right(e, 25)) + Avx512F.TernaryLogic(e, f, g, choose);
        d += first;
        h = first + Sum(Right(a, 2), Right(a, 13), Right(a, 22)) + Avx512F.TernaryLogic(a, b, c, majority);
    }

    /// <summary>The word of the message schedule sixteen places on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Next(Vector512<uint> word, Vector512<uint> early, Vector512<uint> middle, Vector512<uint> late) =>
        word + middle + Sum(Right(early, 7), Right(early, 18), early >>> 3) + Sum(Right(late, 17), Right(late, 19), late >>> 10);

    /// <summary>A block of each message, as numbers: word i of all messages into row i.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Load(byte** messages, Vector512<uint>* rows)
    {
        var bigEndian = Vector512.Create(Vector256.Create(Vector128.Create((byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12)));
        for (var lane = 0; lane < Count; lane++)
        {
            rows[lane] = Avx512BW.Shuffle(Vector512.Load(messages[lane]), bigEndian).AsUInt32();
            messages[lane] += Block;
        }

        // Rows become columns: first those of four rows, then of all.
        for (var four = rows; four < rows + Count; four += 4)
        {
            var (low, high) = (Avx512F.UnpackLow(four[0], four[1]).AsUInt64(), Avx512F.UnpackHigh(four[0], four[1]).AsUInt64());
            var (nextLow, nextHigh) = (Avx512F.UnpackLow(four[2], four[3]).AsUInt64(), Avx512F.UnpackHigh(four[2], four[3]).AsUInt64());
            four[0] = Avx512F.UnpackLow(low, nextLow).AsUInt32();
            four[1] = Avx512F.UnpackHigh(low, nextLow).AsUInt32();
            four[2] = Avx512F.UnpackLow(high, nextHigh).AsUInt32();
            four[3] = Avx512F.UnpackHigh(high, nextHigh).AsUInt32();
        }

        const byte even = 0x88, odd = 0xDD;
        for (var i = 0; i < 4; i++)
        {
            var (first, second) = (Avx512F.Shuffle4x128(rows[i], rows[i + 4], even), Avx512F.Shuffle4x128(rows[i + 8], rows[i + 12], even));
            var (third, fourth) = (Avx512F.Shuffle4x128(rows[i], rows[i + 4], odd), Avx512F.Shuffle4x128(rows[i + 8], rows[i + 12], odd));
            rows[i] = Avx512F.Shuffle4x128(first, second, even);
            rows[i + 4] = Avx512F.Shuffle4x128(third, fourth, even);
            rows[i + 8] = Avx512F.Shuffle4x128(first, second, odd);
            rows[i + 12] = Avx512F.Shuffle4x128(third, fourth, odd);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Right(Vector512<uint> x, [ConstantExpected] byte bits) => Avx512F.RotateRight(x, bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Sum(Vector512<uint> x, Vector512<uint> y, Vector512<uint> z)
    {
        const byte exclusiveOr = 0x96;
        return Avx512F.TernaryLogic(x, y, z, exclusiveOr);
    }
}

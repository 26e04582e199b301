using System.Buffers.Binary;
using System.Runtime.Intrinsics;

namespace StellaOps.Backup.Repository.Crypto;

/// <summary>
/// scryptBlockMix with Salsa20/8 (RFC 7914, sections 3 and 4). A block of 16 words lies in four vectors, each a diagonal of the matrix that the RFC draws:
/// so a round works on four columns, or rows, at once, and words only move within a vector.
/// </summary>
internal static unsafe class SalsaBlocks
{
    /// <summary>Length of a block.</summary>
    internal const int Bytes = 64;

    /// <summary>The same in vectors.</summary>
    internal const int Vectors = 4;

    private const int Words = 16, Rounds = 8;

    /// <summary>Puts blocks into the order of vectors.</summary>
    internal static void Load(ReadOnlySpan<byte> blocks, Vector128<uint>* vectors)
    {
        var words = (uint*)vectors;
        for (var word = 0; word < blocks.Length / sizeof(uint); word++)
        {
            words[word] = BinaryPrimitives.ReadUInt32LittleEndian(blocks[Place(word)..]);
        }
    }

    /// <summary>Puts them back.</summary>
    internal static void Store(Vector128<uint>* vectors, Span<byte> blocks)
    {
        var words = (uint*)vectors;
        for (var word = 0; word < blocks.Length / sizeof(uint); word++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(blocks[Place(word)..], words[word]);
        }
    }

    /// <summary>Mixes an even number of blocks into as many others.</summary>
    internal static void Mix(Vector128<uint>* from, Vector128<uint>* to, int vectors)
    {
        var last = from + vectors - Vectors;
        var (a, b, c, d) = (last[0], last[1], last[2], last[3]);
        for (var at = 0; at < vectors; at += Vectors)
        {
            var (e, f, g, h) = (a ^ from[at], b ^ from[at + 1], c ^ from[at + 2], d ^ from[at + 3]);
            (a, b, c, d) = (e, f, g, h);
            for (var round = 0; round < Rounds; round += 2)
            {
                (b, c, d, a) = Quarter(a, b, c, d);
                (b, c, d) = (Vector128.Shuffle(b, Vector128.Create(3u, 0, 1, 2)), Vector128.Shuffle(c, Vector128.Create(2u, 3, 0, 1)), Vector128.Shuffle(d, Vector128.Create(1u, 2, 3, 0)));
                (d, c, b, a) = Quarter(a, d, c, b);
                (b, c, d) = (Vector128.Shuffle(b, Vector128.Create(1u, 2, 3, 0)), Vector128.Shuffle(c, Vector128.Create(2u, 3, 0, 1)), Vector128.Shuffle(d, Vector128.Create(3u, 0, 1, 2)));
            }

            (a, b, c, d) = (a + e, b + f, c + g, d + h);

            // Even blocks first, odd ones behind them.
            var place = to + (((at / Vectors % 2) * vectors) + at) / 2 / Vectors * Vectors;
            (place[0], place[1], place[2], place[3]) = (a, b, c, d);
        }
    }

    private static (Vector128<uint> B, Vector128<uint> C, Vector128<uint> D, Vector128<uint> A) Quarter(Vector128<uint> a, Vector128<uint> b, Vector128<uint> c, Vector128<uint> d)
    {
        b ^= Rotate(a + d, 7);
        c ^= Rotate(b + a, 9);
        d ^= Rotate(c + b, 13);
        a ^= Rotate(d + c, 18);
        return (b, c, d, a);
    }

    private static Vector128<uint> Rotate(Vector128<uint> words, int bits) => (words << bits) | (words >>> (sizeof(uint) * 8 - bits));

    /// <summary>Where in the RFC's order of bytes the word at this place of the vectors is.</summary>
    private static int Place(int word) => ((word / Words * Words) + (word % Words * 5 % Words)) * sizeof(uint);
}

using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace StellaOps.Backup.Repository.Config;

/// <summary>
/// The irreducible polynomial over GF(2), of degree 53, by which restic cuts files; bit i is the coefficient of x^i
/// (restic design, "Chunker"). A repository keeps its own, so that cuts say less about the content.
/// </summary>
internal static class ChunkerPolynomial
{
    private const int Degree = 53;

    internal static ulong Create()
    {
        Span<byte> bytes = stackalloc byte[8];
        while (true)
        {
            RandomNumberGenerator.Fill(bytes);
            var candidate = (BinaryPrimitives.ReadUInt64LittleEndian(bytes) & ((1UL << Degree) - 1)) | (1UL << Degree) | 1;
            if (IsIrreducible(candidate))
            {
                return candidate;
            }
        }
    }

    /// <summary>Ben-Or's test: f of degree d is irreducible when gcd(f, x^(2^i) − x) = 1 for every i up to d/2.</summary>
    internal static bool IsIrreducible(ulong f)
    {
        if (f < 4)
        {
            return false;
        }

        const ulong X = 2;
        var power = X;
        for (var i = 1; i <= DegreeOf(f) / 2; i++)
        {
            power = MultiplyModulo(power, power, f);
            if (Gcd(f, power ^ X) != 1)
            {
                return false;
            }
        }

        return true;
    }

    private static int DegreeOf(ulong f) => 63 - BitOperations.LeadingZeroCount(f);

    private static ulong Modulo(ulong value, ulong f)
    {
        while (value != 0 && DegreeOf(value) >= DegreeOf(f))
        {
            value ^= f << (DegreeOf(value) - DegreeOf(f));
        }

        return value;
    }

    private static ulong MultiplyModulo(ulong left, ulong right, ulong f)
    {
        var product = 0UL;
        for (; right != 0; right >>= 1, left = Modulo(left << 1, f))
        {
            product ^= (right & 1) != 0 ? left : 0;
        }

        return product;
    }

    private static ulong Gcd(ulong left, ulong right)
    {
        while (right != 0)
        {
            (left, right) = (right, Modulo(left, right));
        }

        return left;
    }
}

using System.Security.Cryptography;
using System.Text;

namespace StellaOps.Backup.Benchmarks.Data;

/// <summary>600 made-up words of 3 to 10 letters, the same in every run.</summary>
internal static class Words
{
    private static readonly string[] All =
        [.. Enumerable.Range(0, 600).Select(i => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes($"word {i}")))[..(3 + i % 8)])];

    public static string Any(Random random) => All[random.Next(All.Length)];
}

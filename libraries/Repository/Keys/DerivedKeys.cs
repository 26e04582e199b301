using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using StellaOps.Backup.Repository.Crypto;

namespace StellaOps.Backup.Repository.Keys;

/// <summary>
/// What scrypt made of passwords, for a process that opens the same repositories again and again and has their passwords at hand anyway: each time but the first
/// is a tenth of a second or two shorter. Opening still takes a key file that is there: a password that was removed opens nothing. From any thread.
/// </summary>
public sealed class DerivedKeys
{
    /// <summary>A process has one for each of its repositories and their copies; where there are more, all are derived anew.</summary>
    private const int Most = 32;

    private readonly ConcurrentDictionary<string, byte[]> _known = new(StringComparer.Ordinal);

    /// <summary>Fills <paramref name="key"/> as <see cref="Scrypt.DeriveKey"/> does.</summary>
    internal void Derive(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, KdfParameters cost, Span<byte> key)
    {
        var name = NameOf(password, salt, cost, key.Length);
        if (_known.TryGetValue(name, out var known))
        {
            known.CopyTo(key);
            return;
        }

        Scrypt.DeriveKey(password, salt, cost, key);
        if (_known.Count >= Most)
        {
            _known.Clear();
        }

        _known[name] = key.ToArray();
    }

    // The password itself is not kept: only who knows it finds what was made of it.
    private static string NameOf(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, KdfParameters cost, int length)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        HMACSHA256.HashData(password, [.. Encoding.ASCII.GetBytes($"{cost.N} {cost.R} {cost.P} {length} "), .. salt], hash);
        return Convert.ToHexString(hash);
    }
}

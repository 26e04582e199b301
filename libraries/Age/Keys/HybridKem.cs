using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Kems;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Math.EC.Rfc7748;
using Org.BouncyCastle.Security;

namespace StellaOps.Backup.Age.Keys;

/// <summary>
/// The key encapsulation MLKEM768-X25519 (draft-ietf-hpke-pq, also known as X-Wing): secure while either ML-KEM-768 or X25519 is.
/// </summary>
internal static class HybridKem
{
    public const int SeedLength = 32;
    public const int PublicKeyLength = MlKemPublicLength + X25519Length;
    public const int EncapsulationLength = MlKemCiphertextLength + X25519Length;
    private const int MlKemPublicLength = 1184;
    private const int MlKemCiphertextLength = 1088;
    private const int MlKemSeedLength = 64;
    private const int X25519Length = 32;
    private const int SharedLength = 32;

    /// <summary>The ASCII art of the X-Wing combiner, <c>\./</c> over <c>/^\</c>.</summary>
    private static ReadOnlySpan<byte> Label => @"\.//^\"u8;

    /// <summary>The public key of a seed: ML-KEM's, then X25519's.</summary>
    public static byte[] DerivePublicKey(byte[] seed)
    {
        var (mlKem, x25519) = Expand(seed);
        var share = new byte[X25519Length];
        X25519.ScalarMultBase(x25519, 0, share, 0);
        return [.. mlKem.GetPublicKeyEncoded(), .. share];
    }

    /// <summary>False where the ML-KEM half holds a coefficient that is out of range (FIPS 203, section 7.2).</summary>
    public static bool IsPublicKey(byte[] publicKey)
    {
        if (publicKey.Length != PublicKeyLength)
        {
            return false;
        }

        try
        {
            MLKemPublicKeyParameters.FromEncoding(MLKemParameters.ml_kem_768, publicKey[..MlKemPublicLength]);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    /// <exception cref="AgeException">The X25519 half of the key is a point of low order.</exception>
    public static (byte[] Encapsulation, byte[] Shared) Encapsulate(byte[] publicKey)
    {
        var encapsulator = new MLKemEncapsulator(MLKemParameters.ml_kem_768);
        encapsulator.Init(new ParametersWithRandom(
            MLKemPublicKeyParameters.FromEncoding(MLKemParameters.ml_kem_768, publicKey[..MlKemPublicLength]), new SecureRandom()));
        var encapsulation = new byte[EncapsulationLength];
        var mlKemShared = new byte[SharedLength];
        encapsulator.Encapsulate(encapsulation, 0, MlKemCiphertextLength, mlKemShared, 0, SharedLength);

        var ephemeral = RandomNumberGenerator.GetBytes(X25519Length);
        X25519.ScalarMultBase(ephemeral, 0, encapsulation, MlKemCiphertextLength);
        var shared = Agree(ephemeral, publicKey, MlKemPublicLength)
            ?? throw new AgeException(AgeFailure.InvalidKey, "the age recipient is a point of low order, which is no key");
        CryptographicOperations.ZeroMemory(ephemeral);
        return (encapsulation, Combine(mlKemShared, shared, encapsulation, publicKey));
    }

    /// <summary>The shared secret; a wrong encapsulation gives a wrong secret. Null for a point of low order.</summary>
    public static byte[]? Decapsulate(byte[] seed, byte[] publicKey, byte[] encapsulation)
    {
        var (mlKem, x25519) = Expand(seed);
        var decapsulator = new MLKemDecapsulator(MLKemParameters.ml_kem_768);
        decapsulator.Init(mlKem);
        var mlKemShared = new byte[SharedLength];
        decapsulator.Decapsulate(encapsulation, 0, MlKemCiphertextLength, mlKemShared, 0, SharedLength);
        var shared = Agree(x25519, encapsulation, MlKemCiphertextLength);
        CryptographicOperations.ZeroMemory(x25519);
        return shared is null ? null : Combine(mlKemShared, shared, encapsulation, publicKey);
    }

    private static (MLKemPrivateKeyParameters MlKem, byte[] X25519) Expand(byte[] seed)
    {
        var expanded = Shake256.HashData(seed, MlKemSeedLength + X25519Length);
        var keys = (MLKemPrivateKeyParameters.FromSeed(MLKemParameters.ml_kem_768, expanded[..MlKemSeedLength]), expanded[MlKemSeedLength..]);
        CryptographicOperations.ZeroMemory(expanded);
        return keys;
    }

    private static byte[]? Agree(byte[] secret, byte[] publicKey, int offset)
    {
        var shared = new byte[SharedLength];
        return X25519.CalculateAgreement(secret, 0, publicKey, offset, shared, 0) ? shared : null;
    }

    private static byte[] Combine(byte[] mlKemShared, byte[] x25519Shared, byte[] encapsulation, byte[] publicKey)
    {
        byte[] input =
        [
            .. mlKemShared, .. x25519Shared,
            .. encapsulation.AsSpan(MlKemCiphertextLength), .. publicKey.AsSpan(MlKemPublicLength), .. Label,
        ];
        var shared = SHA3_256.HashData(input);
        CryptographicOperations.ZeroMemory(input);
        CryptographicOperations.ZeroMemory(mlKemShared);
        CryptographicOperations.ZeroMemory(x25519Shared);
        return shared;
    }
}

using System.Security.Cryptography;
using Org.BouncyCastle.Math.EC.Rfc7748;
using StellaOps.Backup.Age.Format;

namespace StellaOps.Backup.Age.Keys;

/// <summary>The public key <c>age1…</c> of a custodian (c2sp.org/age, "The X25519 recipient type").</summary>
public sealed class X25519Recipient : IRecipient
{
    /// <summary>First word of its stanzas.</summary>
    public const string StanzaType = "X25519";
    internal const int KeyLength = 32;
    private const string Prefix = "age";
    private readonly byte[] _publicKey;

    internal X25519Recipient(byte[] publicKey) => _publicKey = publicKey;

    /// <exception cref="AgeException"><see cref="AgeFailure.InvalidKey"/>.</exception>
    public static X25519Recipient Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.StartsWith(Prefix, StringComparison.Ordinal) && Bech32.TryDecode(text, out var prefix, out var data)
            && prefix == Prefix && data.Length == KeyLength
            ? new X25519Recipient(data)
            : throw new AgeException(AgeFailure.InvalidKey, "not an age recipient: expected 'age1' and a valid checksum");
    }

    /// <inheritdoc/>
    public Stanza Wrap(ReadOnlySpan<byte> fileKey)
    {
        var ephemeral = RandomNumberGenerator.GetBytes(KeyLength);
        var share = new byte[KeyLength];
        X25519.ScalarMultBase(ephemeral, 0, share, 0);
        var shared = new byte[KeyLength];
        if (!X25519.CalculateAgreement(ephemeral, 0, _publicKey, 0, shared, 0))
        {
            throw new AgeException(AgeFailure.InvalidKey, "the age recipient is a point of low order, which is no key");
        }

        var wrapKey = DeriveWrapKey(shared, share, _publicKey);
        var stanza = new Stanza(StanzaType, [RawBase64.Encode(share)], FileKeyWrap.Seal(wrapKey, FileKeyWrap.ZeroNonce, fileKey));
        CryptographicOperations.ZeroMemory(ephemeral);
        CryptographicOperations.ZeroMemory(shared);
        CryptographicOperations.ZeroMemory(wrapKey);
        return stanza;
    }

    /// <summary><c>age1…</c></summary>
    public override string ToString() => Bech32.Encode(Prefix, _publicKey);

    internal static byte[] DeriveWrapKey(byte[] shared, byte[] share, byte[] publicKey) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, shared, KeyLength, [.. share, .. publicKey], "age-encryption.org/v1/X25519"u8.ToArray());
}

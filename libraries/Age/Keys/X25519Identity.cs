using System.Security.Cryptography;
using Org.BouncyCastle.Math.EC.Rfc7748;
using StellaOps.Backup.Age.Format;

namespace StellaOps.Backup.Age.Keys;

/// <summary>The secret key <c>AGE-SECRET-KEY-1…</c> of a custodian.</summary>
public sealed class X25519Identity : IIdentity
{
    private const string Prefix = "age-secret-key-";
    private readonly byte[] _secretKey;
    private readonly byte[] _publicKey;

    private X25519Identity(byte[] secretKey)
    {
        _secretKey = secretKey;
        _publicKey = new byte[X25519Recipient.KeyLength];
        X25519.ScalarMultBase(_secretKey, 0, _publicKey, 0);
        Recipient = new X25519Recipient(_publicKey);
    }

    /// <summary>The public key.</summary>
    public X25519Recipient Recipient { get; }

    /// <summary>A new key.</summary>
    public static X25519Identity Generate() => new(RandomNumberGenerator.GetBytes(X25519Recipient.KeyLength));

    /// <exception cref="AgeException"><see cref="AgeFailure.InvalidKey"/>; the message does not repeat the text.</exception>
    public static X25519Identity Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return SecretKeyText.TryDecode(text, Prefix, X25519Recipient.KeyLength, out var secret)
            ? new X25519Identity(secret)
            : throw new AgeException(AgeFailure.InvalidKey, "not an age identity: expected 'AGE-SECRET-KEY-1' and a valid checksum");
    }

    /// <inheritdoc/>
    public bool TryUnwrap(IReadOnlyList<Stanza> stanzas, Span<byte> fileKey)
    {
        ArgumentNullException.ThrowIfNull(stanzas);
        foreach (var stanza in stanzas)
        {
            if (stanza.Type == X25519Recipient.StanzaType && TryUnwrap(stanza, fileKey))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The secret key as <c>age-keygen</c> prints it. The only way to get it; <see cref="ToString"/> gives the public one.</summary>
    public string Export() => SecretKeyText.Encode(Prefix, _secretKey);

    /// <summary>The public key, so that an identity in a log or message gives nothing away.</summary>
    public override string ToString() => Recipient.ToString();

    private bool TryUnwrap(Stanza stanza, Span<byte> fileKey)
    {
        if (stanza.Arguments.Count != 1 || !RawBase64.TryDecode(stanza.Arguments[0], out var share)
            || share.Length != X25519Recipient.KeyLength || stanza.Body.Length != FileKeyWrap.Length)
        {
            throw new AgeException(AgeFailure.HeaderFailure, "malformed X25519 stanza");
        }

        var shared = new byte[X25519Recipient.KeyLength];
        if (!X25519.CalculateAgreement(_secretKey, 0, share, 0, shared, 0))
        {
            throw new AgeException(AgeFailure.HeaderFailure, "malformed X25519 stanza: its share is a point of low order");
        }

        var wrapKey = X25519Recipient.DeriveWrapKey(shared, share, _publicKey);
        var opened = FileKeyWrap.TryOpen(wrapKey, FileKeyWrap.ZeroNonce, stanza.Body.Span, fileKey);
        CryptographicOperations.ZeroMemory(shared);
        CryptographicOperations.ZeroMemory(wrapKey);
        return opened;
    }
}

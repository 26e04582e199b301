using System.Security.Cryptography;
using StellaOps.Backup.Age.Format;

namespace StellaOps.Backup.Age.Keys;

/// <summary>The post-quantum secret key <c>AGE-SECRET-KEY-PQ-1…</c>.</summary>
public sealed class HybridIdentity : IIdentity
{
    internal const string Prefix = "age-secret-key-pq-";
    private readonly byte[] _seed;
    private readonly byte[] _publicKey;

    private HybridIdentity(byte[] seed)
    {
        _seed = seed;
        _publicKey = HybridKem.DerivePublicKey(seed);
        Recipient = new HybridRecipient(_publicKey);
    }

    /// <summary>The public key.</summary>
    public HybridRecipient Recipient { get; }

    /// <summary>A new key.</summary>
    public static HybridIdentity Generate() => new(RandomNumberGenerator.GetBytes(HybridKem.SeedLength));

    /// <exception cref="AgeException"><see cref="AgeFailure.InvalidKey"/>; the message does not repeat the text.</exception>
    public static HybridIdentity Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return SecretKeyText.TryDecode(text, Prefix, HybridKem.SeedLength, out var seed)
            ? new HybridIdentity(seed)
            : throw new AgeException(AgeFailure.InvalidKey, "not a post-quantum age identity: expected 'AGE-SECRET-KEY-PQ-1' and a valid checksum");
    }

    /// <inheritdoc/>
    public bool TryUnwrap(IReadOnlyList<Stanza> stanzas, Span<byte> fileKey)
    {
        ArgumentNullException.ThrowIfNull(stanzas);
        foreach (var stanza in stanzas)
        {
            if (stanza.Type == HybridRecipient.StanzaType && TryUnwrap(stanza, fileKey))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The secret key as <c>age-keygen -pq</c> prints it. The only way to get it; <see cref="ToString"/> gives the public one.</summary>
    public string Export() => SecretKeyText.Encode(Prefix, _seed);

    /// <summary>The public key, so that an identity in a log or message gives nothing away.</summary>
    public override string ToString() => Recipient.ToString();

    private bool TryUnwrap(Stanza stanza, Span<byte> fileKey)
    {
        if (stanza.Arguments.Count != 1 || !RawBase64.TryDecode(stanza.Arguments[0], out var encapsulation)
            || encapsulation.Length != HybridKem.EncapsulationLength || stanza.Body.Length != FileKeyWrap.Length)
        {
            throw new AgeException(AgeFailure.HeaderFailure, "malformed mlkem768x25519 stanza");
        }

        var shared = HybridKem.Decapsulate(_seed, _publicKey, encapsulation)
            ?? throw new AgeException(AgeFailure.HeaderFailure, "malformed mlkem768x25519 stanza: its share is a point of low order");
        var opened = HybridSeal.TryOpen(shared, stanza.Body.Span, fileKey);
        CryptographicOperations.ZeroMemory(shared);
        return opened;
    }
}

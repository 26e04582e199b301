using System.Security.Cryptography;
using StellaOps.Backup.Age.Format;

namespace StellaOps.Backup.Age.Keys;

/// <summary>
/// The post-quantum public key <c>age1pq1…</c> (c2sp.org/age, "The MLKEM768-X25519 recipient type"): what is copied today stays closed
/// for the quantum computers of the day after. Its files need age 1.3 or later, and have no other recipients than such.
/// </summary>
public sealed class HybridRecipient : IRecipient
{
    /// <summary>First word of its stanzas.</summary>
    public const string StanzaType = "mlkem768x25519";
    internal const string Prefix = "age1pq";
    private readonly byte[] _publicKey;

    internal HybridRecipient(byte[] publicKey) => _publicKey = publicKey;

    /// <exception cref="AgeException"><see cref="AgeFailure.InvalidKey"/>.</exception>
    public static HybridRecipient Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.StartsWith(Prefix, StringComparison.Ordinal) && Bech32.TryDecode(text, out var prefix, out var data)
            && prefix == Prefix && HybridKem.IsPublicKey(data)
            ? new HybridRecipient(data)
            : throw new AgeException(AgeFailure.InvalidKey, "not a post-quantum age recipient: expected 'age1pq1' and a valid checksum");
    }

    /// <inheritdoc/>
    public Stanza Wrap(ReadOnlySpan<byte> fileKey)
    {
        var (encapsulation, shared) = HybridKem.Encapsulate(_publicKey);
        var stanza = new Stanza(StanzaType, [RawBase64.Encode(encapsulation)], HybridSeal.Seal(shared, fileKey));
        CryptographicOperations.ZeroMemory(shared);
        return stanza;
    }

    /// <summary><c>age1pq1…</c></summary>
    public override string ToString() => Bech32.Encode(Prefix, _publicKey);
}

using System.Globalization;
using System.Security.Cryptography;
using StellaOps.Backup.Age.Format;

namespace StellaOps.Backup.Age.Keys;

/// <summary>A passphrase that opens files.</summary>
public sealed class ScryptIdentity(string passphrase) : IIdentity
{
    /// <summary>The largest log2 N that is accepted, as in age itself: 4 GiB of memory. A hostile file may not ask for more.</summary>
    public const int MaxWorkFactor = 22;

    /// <inheritdoc/>
    public bool TryUnwrap(IReadOnlyList<Stanza> stanzas, Span<byte> fileKey)
    {
        ArgumentNullException.ThrowIfNull(stanzas);
        if (stanzas is not [{ Type: ScryptRecipient.StanzaType } stanza])
        {
            return false;
        }

        if (stanza.Arguments is not [var saltText, var workFactorText]
            || !RawBase64.TryDecode(saltText, out var salt) || salt.Length != ScryptRecipient.SaltLength
            || stanza.Body.Length != FileKeyWrap.Length)
        {
            throw new AgeException(AgeFailure.HeaderFailure, "malformed scrypt stanza");
        }

        var wrapKey = ScryptRecipient.DeriveWrapKey(passphrase, salt, ParseWorkFactor(workFactorText));
        var opened = FileKeyWrap.TryOpen(wrapKey, FileKeyWrap.ZeroNonce, stanza.Body.Span, fileKey);
        CryptographicOperations.ZeroMemory(wrapKey);
        return opened;
    }

    /// <summary>A decimal number without sign or leading zero.</summary>
    private static int ParseWorkFactor(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var workFactor)
            && text[0] != '0' && workFactor <= MaxWorkFactor
            ? workFactor
            : throw new AgeException(
                AgeFailure.HeaderFailure, $"the scrypt work factor is not a number from 1 to {MaxWorkFactor}");
}

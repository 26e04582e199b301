using System.Security.Cryptography;
using StellaOps.Backup.Age.Format;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Age.Streams;

namespace StellaOps.Backup.Age;

/// <summary>Decrypts with identities, tried in order. Safe for any number of callers at the same time.</summary>
public sealed class AgeDecryption(params IReadOnlyList<IIdentity> identities)
{
    /// <summary>
    /// Reads the header and returns a stream of the plaintext. Each byte that it yields was authenticated; that the file is
    /// whole is known only when the stream has ended without an exception.
    /// </summary>
    /// <exception cref="AgeException">Here, and from reads of the stream.</exception>
    public async Task<Stream> OpenReadAsync(Stream ciphertext, bool leaveOpen = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ciphertext);
        var reader = new HeaderReader(ciphertext);
        var header = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        var fileKey = Unwrap(header);
        try
        {
            if (!header.Verify(fileKey))
            {
                throw new AgeException(AgeFailure.HmacFailure, "the age header was altered after it was written");
            }

            var payload = new PrefixedStream(reader.Remainder, ciphertext, leaveOpen);
            var nonce = new byte[ChunkCipher.PayloadNonceLength];
            if (await payload.ReadAtLeastAsync(nonce, nonce.Length, false, cancellationToken).ConfigureAwait(false) < nonce.Length)
            {
                throw new AgeException(AgeFailure.HeaderFailure, "the age file ends before its payload");
            }

            return new DecryptingStream(payload, new ChunkCipher(fileKey, nonce), leaveOpen: false);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(fileKey);
        }
    }

    /// <summary>
    /// Decrypts to the end, in constant memory. After an exception <paramref name="destination"/> holds the authenticated start
    /// of the content, which the caller must not take for the whole.
    /// </summary>
    public async Task DecryptAsync(Stream ciphertext, Stream destination, CancellationToken cancellationToken = default)
    {
        var plaintext = await OpenReadAsync(ciphertext, leaveOpen: true, cancellationToken).ConfigureAwait(false);
        await using (plaintext.ConfigureAwait(false))
        {
            await plaintext.CopyToAsync(destination, ChunkCipher.PlainLength, cancellationToken).ConfigureAwait(false);
        }
    }

    private byte[] Unwrap(AgeHeader header)
    {
        if (header.Stanzas.Count > 1 && header.Stanzas.Any(stanza => stanza.Type == ScryptRecipient.StanzaType))
        {
            throw new AgeException(AgeFailure.HeaderFailure, "not an age header: a passphrase stanza is not the only one");
        }

        var fileKey = new byte[AgeEncryption.FileKeyLength];
        foreach (var identity in identities)
        {
            if (identity.TryUnwrap(header.Stanzas, fileKey))
            {
                return fileKey;
            }
        }

        throw new AgeException(AgeFailure.NoMatch, "none of the identities opens this age file");
    }
}

using System.Security.Cryptography;
using StellaOps.Backup.Age.Format;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Age.Streams;

namespace StellaOps.Backup.Age;

/// <summary>
/// Encrypts to recipients, each of whom can open the file alone (c2sp.org/age). Every file gets a fresh file key, so the
/// same plaintext never gives the same bytes twice. Safe for any number of callers at the same time.
/// </summary>
public sealed class AgeEncryption
{
    internal const int FileKeyLength = 16;
    private readonly IReadOnlyList<IRecipient> _recipients;
    private readonly Lazy<int> _headerLength;

    /// <exception cref="ArgumentException">No recipient; a passphrase together with another recipient; or a post-quantum one with another kind.</exception>
    public AgeEncryption(params IReadOnlyList<IRecipient> recipients)
    {
        ArgumentNullException.ThrowIfNull(recipients);
        if (recipients.Count == 0)
        {
            throw new ArgumentException("age needs at least one recipient", nameof(recipients));
        }

        if (recipients.Count > 1 && recipients.Any(recipient => recipient is ScryptRecipient))
        {
            throw new ArgumentException("a passphrase must be the only recipient of a file", nameof(recipients));
        }

        if (recipients.Any(recipient => recipient is HybridRecipient) && !recipients.All(recipient => recipient is HybridRecipient))
        {
            throw new ArgumentException("the weakest recipient decides: post-quantum recipients do not stand beside others", nameof(recipients));
        }

        _recipients = [.. recipients];
        _headerLength = new Lazy<int>(() => WriteHeader(stackalloc byte[FileKeyLength]).Length);
    }

    /// <summary>Bytes of the (not armored) file for so many bytes of plaintext.</summary>
    public long CiphertextLength(long plaintextLength) => _headerLength.Value + AgePayload.Length(plaintextLength);

    /// <summary>The age file of <paramref name="plaintext"/>, made while it is read.</summary>
    public Stream OpenRead(Stream plaintext, bool leaveOpen = false)
    {
        var (prologue, cipher) = Begin();
        return new EncryptingReadStream(plaintext, prologue, cipher, leaveOpen);
    }

    /// <summary>A stream that takes plaintext and writes the age file to <paramref name="destination"/>, which it never closes.</summary>
    public AgeEncryptingStream OpenWrite(Stream destination, bool armored = false)
    {
        var (prologue, cipher) = Begin();
        return new AgeEncryptingStream(destination, prologue, cipher, armored);
    }

    /// <summary>Encrypts to the end of <paramref name="plaintext"/>, in constant memory.</summary>
    public async Task EncryptAsync(
        Stream plaintext, Stream destination, bool armored = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plaintext);
        var output = OpenWrite(destination, armored);
        await using (output.ConfigureAwait(false))
        {
            await plaintext.CopyToAsync(output, ChunkCipher.PlainLength, cancellationToken).ConfigureAwait(false);
            await output.CompleteAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>What stands before the first chunk, and the cipher of the chunks.</summary>
    private (byte[] Prologue, ChunkCipher Cipher) Begin()
    {
        Span<byte> fileKey = stackalloc byte[FileKeyLength];
        RandomNumberGenerator.Fill(fileKey);
        var nonce = RandomNumberGenerator.GetBytes(ChunkCipher.PayloadNonceLength);
        byte[] prologue = [.. WriteHeader(fileKey), .. nonce];
        var cipher = new ChunkCipher(fileKey, nonce);
        CryptographicOperations.ZeroMemory(fileKey);
        return (prologue, cipher);
    }

    private byte[] WriteHeader(ReadOnlySpan<byte> fileKey)
    {
        var stanzas = new List<Stanza>(_recipients.Count);
        foreach (var recipient in _recipients)
        {
            stanzas.Add(recipient.Wrap(fileKey));
        }

        return AgeHeader.Write(stanzas, fileKey);
    }
}

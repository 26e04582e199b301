using System.Security.Cryptography;
using System.Text;

namespace StellaOps.Backup.Age.Format;

/// <summary>
/// The header of an age file (c2sp.org/age, "Header"): version line, recipient stanzas, MAC. What it says is trusted
/// only after <see cref="Verify"/>; its recipients cannot be told from it, only how many there are and of which type.
/// </summary>
public sealed class AgeHeader
{
    internal const string VersionLine = "age-encryption.org/v1";
    internal const string StanzaPrefix = "->";
    internal const string Footer = "---";
    internal const int BodyColumns = 64;
    internal const int MacLength = 32;
    private readonly byte[] _authenticated;
    private readonly byte[] _mac;

    internal AgeHeader(IReadOnlyList<Stanza> stanzas, byte[] authenticated, byte[] mac, int length)
    {
        Stanzas = stanzas;
        Length = length;
        _authenticated = authenticated;
        _mac = mac;
    }

    /// <summary>The recipient stanzas, in order.</summary>
    public IReadOnlyList<Stanza> Stanzas { get; }

    /// <summary>Bytes of the header, with its last line feed; the payload starts there.</summary>
    public int Length { get; }

    /// <summary>Reads a header without opening the file. May read further than the header's end.</summary>
    /// <exception cref="AgeException"><see cref="AgeFailure.HeaderFailure"/>.</exception>
    public static async Task<AgeHeader> ReadAsync(Stream ciphertext, CancellationToken cancellationToken = default) =>
        await new HeaderReader(ciphertext).ReadAsync(cancellationToken).ConfigureAwait(false);

    /// <summary>True when the MAC under <paramref name="fileKey"/> is right.</summary>
    internal bool Verify(ReadOnlySpan<byte> fileKey) =>
        CryptographicOperations.FixedTimeEquals(Authenticate(fileKey, _authenticated), _mac);

    /// <summary>A whole header for these stanzas, as bytes.</summary>
    internal static byte[] Write(IEnumerable<Stanza> stanzas, ReadOnlySpan<byte> fileKey)
    {
        var text = new StringBuilder().Append(VersionLine).Append('\n');
        foreach (var stanza in stanzas)
        {
            text.Append(StanzaPrefix).Append(' ').AppendJoin(' ', [stanza.Type, .. stanza.Arguments]).Append('\n');
            AppendBody(text, RawBase64.Encode(stanza.Body.Span));
        }

        text.Append(Footer);
        var mac = Authenticate(fileKey, Encoding.ASCII.GetBytes(text.ToString()));
        return Encoding.ASCII.GetBytes(text.Append(' ').Append(RawBase64.Encode(mac)).Append('\n').ToString());
    }

    /// <summary>Lines of 64 columns, then always one that is shorter, even if it is empty.</summary>
    private static void AppendBody(StringBuilder text, string body)
    {
        var start = 0;
        for (; body.Length - start >= BodyColumns; start += BodyColumns)
        {
            text.Append(body, start, BodyColumns).Append('\n');
        }

        text.Append(body, start, body.Length - start).Append('\n');
    }

    private static byte[] Authenticate(ReadOnlySpan<byte> fileKey, ReadOnlySpan<byte> header)
    {
        Span<byte> key = stackalloc byte[MacLength];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, fileKey, key, salt: [], info: "header"u8);
        var mac = HMACSHA256.HashData(key, header);
        CryptographicOperations.ZeroMemory(key);
        return mac;
    }
}

using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Org.BouncyCastle.Crypto.Generators;
using StellaOps.Backup.Age.Format;

namespace StellaOps.Backup.Age.Keys;

/// <summary>A passphrase (c2sp.org/age, "The scrypt recipient type"). Always the only recipient of its file.</summary>
public sealed class ScryptRecipient : IRecipient
{
    internal const string StanzaType = "scrypt";
    internal const int SaltLength = 16;

    /// <summary>What age writes: N = 2^18, 256 MiB and about a second for every guess.</summary>
    public const int DefaultWorkFactor = 18;

    private readonly string _passphrase;
    private readonly int _workFactor;

    /// <param name="passphrase">Not empty.</param>
    /// <param name="workFactor">log2 of scrypt's N, 1 to <see cref="ScryptIdentity.MaxWorkFactor"/>. Lower than the default in tests only.</param>
    public ScryptRecipient(string passphrase, int workFactor = DefaultWorkFactor)
    {
        ArgumentException.ThrowIfNullOrEmpty(passphrase);
        ArgumentOutOfRangeException.ThrowIfLessThan(workFactor, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(workFactor, ScryptIdentity.MaxWorkFactor);
        _passphrase = passphrase;
        _workFactor = workFactor;
    }

    /// <inheritdoc/>
    public Stanza Wrap(ReadOnlySpan<byte> fileKey)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltLength);
        var wrapKey = DeriveWrapKey(_passphrase, salt, _workFactor);
        var body = FileKeyWrap.Seal(wrapKey, FileKeyWrap.ZeroNonce, fileKey);
        CryptographicOperations.ZeroMemory(wrapKey);
        return new Stanza(StanzaType, [RawBase64.Encode(salt), _workFactor.ToString(CultureInfo.InvariantCulture)], body);
    }

    internal static byte[] DeriveWrapKey(string passphrase, byte[] salt, int workFactor)
    {
        var secret = Encoding.UTF8.GetBytes(passphrase);
        var wrapKey = SCrypt.Generate(secret, [.. "age-encryption.org/v1/scrypt"u8, .. salt], 1 << workFactor, 8, 1, 32);
        CryptographicOperations.ZeroMemory(secret);
        return wrapKey;
    }
}

using System.Security.Cryptography;
using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Points.Signing;

/// <summary>Public keys whose signatures count, and no other's. May be used from any thread.</summary>
public sealed class TrustedKeys : IDisposable
{
    private readonly IReadOnlyList<(string Id, ECDsa Key)> _keys;
    private readonly Lock _oneAtATime = new();

    private TrustedKeys(IEnumerable<ECDsa> keys) => _keys = [.. keys.Select(key => (SigningKey.Id(key), key))];

    /// <summary>SHA-256 of each public key, lower hex.</summary>
    public IEnumerable<string> KeyIds => _keys.Select(key => key.Id);

    /// <summary>Trusts public keys in PEM.</summary>
    /// <exception cref="BackupException"><see cref="ErrorCodes.NotConfigured"/>: a text is not an ECDSA P-256 key.</exception>
    public static TrustedKeys FromPem(IEnumerable<string> publicKeys) => new([.. publicKeys.Select(pem => SigningKey.Import(pem, "the public key"))]);

    /// <summary>Trusts the public keys in PEM files.</summary>
    /// <exception cref="BackupException"><see cref="ErrorCodes.NotConfigured"/> or <see cref="ErrorCodes.PermissionDenied"/>.</exception>
    public static TrustedKeys FromPemFiles(IEnumerable<string> paths) => new([.. paths.Select(SigningKey.Read)]);

    /// <summary>True when one of the keys signed the payload, under its type.</summary>
    public bool HaveSigned(SignedEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);

        // The key id is a hint that anyone can alter, so it decides nothing: every signature is tried with every key.
        var signed = SignedEnvelope.PreAuthenticationEncoding(envelope.PayloadType, envelope.Payload);
        lock (_oneAtATime)
        {
            return envelope.Signatures.Any(signature => _keys.Any(key =>
                key.Key.VerifyData(signed, signature.Sig, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)));
        }
    }

    /// <summary>Why an envelope that none of the keys signed is refused.</summary>
    /// <param name="envelope">The envelope.</param>
    /// <param name="what">What it holds, for the sentence.</param>
    public string Refusal(SignedEnvelope envelope, string what)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        var named = envelope.Signatures.Select(signature => signature.KeyId ?? "an unnamed key").ToList();
        return named.Count == 0 ? $"the {what} carries no signature"
            : named.Intersect(KeyIds).Any() ? $"the {what} was altered after it was signed: its signature does not match"
            : $"the {what} is signed by {string.Join(", ", named)}, which is not trusted here";
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, key) in _keys)
        {
            key.Dispose();
        }
    }
}

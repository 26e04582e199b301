using System.Security.Cryptography;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Points.Manifests;

namespace StellaOps.Backup.Points.Signing;

/// <summary>Opens signed manifests; trusts the given public keys and no other. May be used from any thread.</summary>
public sealed class PointVerifier : IDisposable
{
    private readonly IReadOnlyList<(string Id, ECDsa Key)> _trusted;
    private readonly Lock _oneAtATime = new();

    private PointVerifier(IEnumerable<ECDsa> keys) => _trusted = [.. keys.Select(key => (SigningKey.Id(key), key))];

    /// <summary>Ids of the trusted keys.</summary>
    public IEnumerable<string> KeyIds => _trusted.Select(key => key.Id);

    /// <summary>Trusts public keys in PEM: of this installation, and of earlier ones whose points are still wanted.</summary>
    /// <exception cref="BackupException"><see cref="ErrorCodes.NotConfigured"/>: a text is not an ECDSA P-256 key.</exception>
    public static PointVerifier FromPem(params IEnumerable<string> publicKeys) =>
        new([.. publicKeys.Select(pem => SigningKey.Import(pem, "the public key"))]);

    /// <summary>Trusts the public keys in PEM files.</summary>
    /// <exception cref="BackupException"><see cref="ErrorCodes.NotConfigured"/> or <see cref="ErrorCodes.PermissionDenied"/>.</exception>
    public static PointVerifier FromPemFiles(params IEnumerable<string> paths) => new([.. paths.Select(SigningKey.Read)]);

    /// <summary>Checks type and signature of an envelope, then reads the manifest in it.</summary>
    /// <exception cref="BackupException">
    /// <see cref="ErrorCodes.BadSignature"/>, <see cref="ErrorCodes.Damaged"/> or <see cref="ErrorCodes.VersionMismatch"/>.
    /// </exception>
    public PointManifest Open(SignedEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        if (envelope.PayloadType != SignedEnvelope.ManifestType)
        {
            throw new BackupException(ErrorCodes.BadSignature, $"the envelope holds '{envelope.PayloadType}', not a recovery point");
        }

        if (!IsSignedByTrusted(envelope))
        {
            throw new BackupException(ErrorCodes.BadSignature, Refusal(envelope));
        }

        return ManifestCodec.Decode(envelope.Payload);
    }

    private bool IsSignedByTrusted(SignedEnvelope envelope)
    {
        // The key id is a hint that anyone can alter, so it decides nothing: every signature is tried with every key.
        var signed = SignedEnvelope.PreAuthenticationEncoding(envelope.PayloadType, envelope.Payload);
        lock (_oneAtATime)
        {
            return envelope.Signatures.Any(signature => _trusted.Any(key =>
                key.Key.VerifyData(signed, signature.Sig, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)));
        }
    }

    private string Refusal(SignedEnvelope envelope)
    {
        var named = envelope.Signatures.Select(signature => signature.KeyId ?? "an unnamed key").ToList();
        return named.Count == 0 ? "the manifest carries no signature"
            : named.Intersect(KeyIds).Any() ? "the manifest was altered after it was signed: its signature does not match"
            : $"the manifest is signed by {string.Join(", ", named)}, which is not trusted here";
    }

    public void Dispose()
    {
        foreach (var (_, key) in _trusted)
        {
            key.Dispose();
        }
    }
}

using System.Security.Cryptography;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Points.Manifests;

namespace StellaOps.Backup.Points.Signing;

/// <summary>Signs manifests with the installation's key. May be used from any thread.</summary>
public sealed class PointSigner : IDisposable
{
    private readonly ECDsa _key;
    private readonly Lock _oneAtATime = new();

    private PointSigner(ECDsa key)
    {
        _key = key;
        KeyId = SigningKey.Id(key);
        PublicKeyPem = key.ExportSubjectPublicKeyInfoPem();
    }

    /// <summary>SHA-256 of the public key (SubjectPublicKeyInfo), lower hex.</summary>
    public string KeyId { get; }

    /// <summary>The public key, to hand to those who verify.</summary>
    public string PublicKeyPem { get; }

    /// <summary>Reads an ECDSA P-256 private key (<c>PRIVATE KEY</c> or <c>EC PRIVATE KEY</c>) from a PEM file.</summary>
    /// <exception cref="BackupException"><see cref="ErrorCodes.NotConfigured"/> or <see cref="ErrorCodes.PermissionDenied"/>.</exception>
    public static PointSigner FromPemFile(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var key = SigningKey.Read(path);
        try
        {
            // Signing once now tells a public key from a private one before the first point depends on it.
            key.SignData([], HashAlgorithmName.SHA256);
            return new PointSigner(key);
        }
        catch (CryptographicException e)
        {
            key.Dispose();
            throw new BackupException(ErrorCodes.NotConfigured, $"{path} holds a public key, a private key is needed to sign", inner: e);
        }
    }

    /// <summary>Encodes and signs a manifest.</summary>
    public SignedEnvelope Sign(PointManifest manifest) => Sign(ManifestCodec.Encode(manifest), SignedEnvelope.ManifestType);

    /// <summary>Signs what is no manifest of a point.</summary>
    public SignedEnvelope Sign(byte[] payload, string payloadType)
    {
        ArgumentNullException.ThrowIfNull(payload);
        byte[] signature;
        lock (_oneAtATime)
        {
            signature = _key.SignData(
                SignedEnvelope.PreAuthenticationEncoding(payloadType, payload),
                HashAlgorithmName.SHA256,
                DSASignatureFormat.Rfc3279DerSequence);
        }

        return new SignedEnvelope
        {
            PayloadType = payloadType,
            Payload = payload,
            Signatures = [new EnvelopeSignature { KeyId = KeyId, Sig = signature }],
        };
    }

    public void Dispose() => _key.Dispose();
}

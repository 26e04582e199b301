using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Points.Manifests;

namespace StellaOps.Backup.Points.Signing;

/// <summary>Opens signed manifests; trusts the given public keys and no other. May be used from any thread.</summary>
public sealed class PointVerifier : IDisposable
{
    private readonly TrustedKeys _trusted;

    private PointVerifier(TrustedKeys trusted) => _trusted = trusted;

    /// <summary>Ids of the trusted keys.</summary>
    public IEnumerable<string> KeyIds => _trusted.KeyIds;

    /// <summary>Trusts public keys in PEM: of this installation, and of earlier ones whose points are still wanted.</summary>
    /// <exception cref="BackupException"><see cref="ErrorCodes.NotConfigured"/>: a text is not an ECDSA P-256 key.</exception>
    public static PointVerifier FromPem(params IEnumerable<string> publicKeys) =>
        new(TrustedKeys.FromPem(publicKeys));

    /// <summary>Trusts the public keys in PEM files.</summary>
    /// <exception cref="BackupException"><see cref="ErrorCodes.NotConfigured"/> or <see cref="ErrorCodes.PermissionDenied"/>.</exception>
    public static PointVerifier FromPemFiles(params IEnumerable<string> paths) => new(TrustedKeys.FromPemFiles(paths));

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

        Require(envelope);
        return ManifestCodec.Decode(envelope.Payload);
    }

    /// <summary>Checks the signature of an envelope, whatever is in it.</summary>
    /// <exception cref="BackupException"><see cref="ErrorCodes.BadSignature"/>.</exception>
    public void Require(SignedEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        if (!_trusted.HaveSigned(envelope))
        {
            throw new BackupException(ErrorCodes.BadSignature, _trusted.Refusal(envelope, "manifest"));
        }
    }

    public void Dispose() => _trusted.Dispose();
}

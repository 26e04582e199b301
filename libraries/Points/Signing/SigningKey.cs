using System.Security.Cryptography;
using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Points.Signing;

/// <summary>Reads ECDSA P-256 keys and names them.</summary>
internal static class SigningKey
{
    private const string P256 = "1.2.840.10045.3.1.7";

    /// <summary>SHA-256 of the SubjectPublicKeyInfo, lower hex: what <c>openssl pkey -pubout -outform DER | sha256sum</c> prints.</summary>
    public static string Id(ECDsa key) => Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));

    public static ECDsa Read(string path)
    {
        try
        {
            return Import(File.ReadAllText(path), path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new BackupException(ErrorCodes.NotConfigured, $"the signing key {path} does not exist", MakeOne, e);
        }
        catch (Exception e) when (e is UnauthorizedAccessException)
        {
            throw new BackupException(ErrorCodes.PermissionDenied, $"the signing key {path} may not be read by this account", inner: e);
        }
    }

    public static ECDsa Import(string pem, string origin)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
            if (key.ExportParameters(includePrivateParameters: false).Curve.Oid?.Value == P256)
            {
                return key;
            }
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new BackupException(ErrorCodes.NotConfigured, $"{origin} holds no key in PEM that can be read: {e.Message}", MakeOne, e);
        }

        key.Dispose();
        throw new BackupException(ErrorCodes.NotConfigured, $"the key in {origin} is not an ECDSA P-256 key", MakeOne);
    }

    private const string MakeOne = "Make a key: openssl ecparam -name prime256v1 -genkey -noout -out signing-key.pem";
}

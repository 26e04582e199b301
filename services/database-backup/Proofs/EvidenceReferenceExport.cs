using System.Security.Cryptography;
using System.Text;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Postgres.Servers;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.DatabaseBackup.Proofs;

/// <summary>
/// Hands the evidence files that the restored database refers to, as digests, to the evidence task of the same test restore
/// (<see cref="EvidenceReferences"/>).
/// </summary>
internal sealed class EvidenceReferenceExport(IObjectStore location)
{
    public async Task<long> RunAsync(PrivateServer server, TestQuerySettings query, string key, CancellationToken cancellationToken)
    {
        await using var database = server.Connect(query.Database, ownSearchPath: true);
        using var records = new MemoryStream();
        await database.QueryAsync(query.Sql, row =>
        {
            records.Write(SHA256.HashData(Encoding.UTF8.GetBytes(row.GetString(0))));
            records.Write(row.IsDBNull(1) ? new byte[SHA256.HashSizeInBytes] : Digest(row.GetValue(1), row.GetString(0)));
            return true;
        }, cancellationToken);
        await location.PutAsync(key, records.GetBuffer().AsMemory(0, (int)records.Length), PutMode.Replace, cancellationToken);
        return records.Length / EvidenceReferences.RecordLength;
    }

    // As bytea, or as hexadecimal digits with or without the usual prefix.
    private static byte[] Digest(object value, string path)
    {
        if (value is byte[] { Length: SHA256.HashSizeInBytes } bytes)
        {
            return bytes;
        }

        const string prefix = "sha256:";
        if (value is string text && text.Trim() is var digits)
        {
            digits = digits.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) ? digits[prefix.Length..] : digits;
            if (digits.Length == 2 * SHA256.HashSizeInBytes && digits.All(char.IsAsciiHexDigit))
            {
                return Convert.FromHexString(digits);
            }
        }

        throw new BackupException(ErrorCodes.ProofFailed, $"Database:EvidenceReferences returned no SHA-256 digest for '{path}'", "Let the query return (path, sha256 or null).");
    }
}

using Amazon.S3;
using Amazon.S3.Model;

namespace StellaOps.Backup.Storage.S3;

/// <summary>Object Lock for what is put: nobody deletes the version before its time, not even its writer.</summary>
internal sealed record S3Retention(ObjectLockMode Mode, int Days)
{
    /// <summary>Folders whose objects live for minutes by design.</summary>
    private static readonly string[] ShortLived = ["locks/", "exchange/"];

    internal static S3Retention? Of(LocationSettings settings) => settings.RetentionMode switch
    {
        null => null,
        RetentionMode.Governance => new S3Retention(ObjectLockMode.Governance, settings.RetentionDays),
        _ => new S3Retention(ObjectLockMode.Compliance, settings.RetentionDays),
    };

    internal void Apply(PutObjectRequest request, string key, TimeProvider clock)
    {
        if (IsKept(key))
        {
            (request.ObjectLockMode, request.ObjectLockRetainUntilDate) = (Mode, Until(clock));
        }
    }

    internal void Apply(InitiateMultipartUploadRequest request, string key, TimeProvider clock)
    {
        if (IsKept(key))
        {
            (request.ObjectLockMode, request.ObjectLockRetainUntilDate) = (Mode, Until(clock));
        }
    }

    private DateTime Until(TimeProvider clock) => clock.GetUtcNow().UtcDateTime.AddDays(Days);

    private static bool IsKept(string key) =>
        !ShortLived.Any(folder => key.StartsWith(folder, StringComparison.Ordinal) || key.Contains("/" + folder, StringComparison.Ordinal));
}

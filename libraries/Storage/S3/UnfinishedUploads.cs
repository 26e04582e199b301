using System.Security.Cryptography;
using Amazon.S3.Model;

namespace StellaOps.Backup.Storage.S3;

/// <summary>An upload that was cut off.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Parts">The parts that it has from the first one on without a gap, all of the usual length.</param>
internal sealed record UnfinishedUpload(string Id, IReadOnlyList<PartETag> Parts);

/// <summary>
/// Finds uploads of an object that an earlier put of the same content left. The first part tells by its MD5, which the server names, whether the content is the
/// same: content with an identity has it there (<see cref="SizedStream.Identity"/>).
/// </summary>
internal sealed class UnfinishedUploads(S3Requests requests)
{
    /// <param name="key">The object.</param>
    /// <param name="first">First part of what is to be put.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>That with the most parts; null where there is none, and where uploads may not be listed.</returns>
    internal async Task<UnfinishedUpload?> FindAsync(string key, PartContent first, CancellationToken cancellationToken)
    {
        try
        {
            var full = requests.Full(key);
            var page = await requests.SendAsync("s3:ListBucketMultipartUploads", key, (client, guard) => client.ListMultipartUploadsAsync(
                new ListMultipartUploadsRequest { BucketName = requests.Bucket, Prefix = full }, guard.Token), cancellationToken).ConfigureAwait(false);
            var found = new List<UnfinishedUpload>();
            foreach (var upload in (page.MultipartUploads ?? []).Where(upload => upload.Key == full))
            {
                found.Add(new UnfinishedUpload(upload.UploadId, await PartsAsync(upload, first, cancellationToken).ConfigureAwait(false)));
            }

            return found.Where(upload => upload.Parts.Count > 0).MaxBy(upload => upload.Parts.Count);
        }
        catch (StorageException exception) when (exception.Failure is StorageFailure.PermissionDenied or StorageFailure.Misconfigured or StorageFailure.NotFound)
        {
            return null; // All of it is sent then.
        }
    }

    private async Task<IReadOnlyList<PartETag>> PartsAsync(MultipartUpload upload, PartContent first, CancellationToken cancellationToken)
    {
        var parts = new List<PartETag>();
        string? marker = null;
        do
        {
            var page = await requests.SendAsync("s3:ListMultipartUploadParts", upload.Key, (client, guard) => client.ListPartsAsync(
                new ListPartsRequest { BucketName = requests.Bucket, Key = upload.Key, UploadId = upload.UploadId, PartNumberMarker = marker }, guard.Token), cancellationToken).ConfigureAwait(false);
            foreach (var part in page.Parts ?? [])
            {
                if (part.PartNumber != parts.Count + 1 || part.Size != first.Content.Length || (parts.Count == 0 && part.ETag.Trim('"') != Digest(first)))
                {
                    return parts;
                }

                parts.Add(new PartETag(parts.Count + 1, part.ETag));
            }

            marker = requests.NextPage(page.IsTruncated, marker, page.NextPartNumberMarker?.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
        while (marker is not null);
        return parts;
    }

#pragma warning disable CA5351 // Not for security: the protocol's name of a part.
    private static string Digest(PartContent part) => Convert.ToHexStringLower(MD5.HashData(part.Content.Span));
#pragma warning restore CA5351
}

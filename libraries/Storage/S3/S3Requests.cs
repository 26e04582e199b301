using Amazon.S3;
using StellaOps.Backup.Storage.Addresses;

namespace StellaOps.Backup.Storage.S3;

/// <summary>Sends single requests: guarded against stalls, failures translated. Nothing is repeated here.</summary>
internal sealed class S3Requests(AmazonS3Client client, S3Address address, TimeSpan stall) : IDisposable
{
    internal S3Errors Errors { get; } = new(address);

    internal string Bucket => address.Bucket;

    /// <summary>The key in the bucket.</summary>
    internal string Full(string key)
    {
        ObjectKey.Check(key);
        return Prefixed(key);
    }

    internal string Prefixed(string key) => address.Prefix.Length == 0 ? key : $"{address.Prefix}/{key}";

    /// <summary>The object as messages name it.</summary>
    internal string Named(string key) => $"{address.Root}/{key}";

    /// <summary>Where the next page of a listing begins; null behind the last.</summary>
    /// <exception cref="StorageException"><see cref="StorageFailure.Misconfigured"/>: there is more and the server does not say where. A listing that ended here would be short.</exception>
    internal string? NextPage(bool? truncated, string? previous, string? next)
    {
        if (truncated != true)
        {
            return null;
        }

        return !string.IsNullOrEmpty(next) && next != previous
            ? next
            : throw new StorageException(
                StorageFailure.Misconfigured,
                $"the server of {address} does not page its listings: it says that there is more and not where that begins. It is not fit for a repository: update the server, or take another");
    }

    /// <param name="action">What has to be allowed, for messages.</param>
    /// <param name="key">The object.</param>
    /// <param name="send">Sends.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="work">Time in which nothing moves here because the server is at work.</param>
    internal async ValueTask<T> SendAsync<T>(
        string action, string key, Func<AmazonS3Client, StallGuard, Task<T>> send, CancellationToken cancellationToken, TimeSpan work = default)
    {
        var limit = stall + work;
        using var guard = new StallGuard(limit, cancellationToken);
        try
        {
            return await send(client, guard).ConfigureAwait(false);
        }
        catch (Exception exception) when (guard.Stalled && exception is not StorageException)
        {
            throw Errors.Stalled(Named(key), limit, exception);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception exception) when (Errors.Of(exception, action, Named(key)) is { } failure && !ReferenceEquals(failure, exception))
        {
            cancellationToken.ThrowIfCancellationRequested(); // The SDK may wrap the cancellation in something of its own.
            throw failure;
        }
    }

    public void Dispose() => client.Dispose();
}

namespace StellaOps.Backup.Testing.S3;

/// <summary>The server that <c>STELLA_TEST_S3</c> names (<c>http://id:secret@host:port/</c>), else a private Ceph.</summary>
public sealed class S3Fixture : S3ServerFixture
{
    private PrivateCeph? _ceph;

    /// <inheritdoc/>
    protected override async Task<(Uri Endpoint, string AccessKey, string SecretKey)> StartAsync()
    {
        if (Environment.GetEnvironmentVariable("STELLA_TEST_S3") is { Length: > 0 } given)
        {
            var address = new Uri(given);
            var account = address.UserInfo.Split(':', 2).Select(Uri.UnescapeDataString).ToArray();
            return (new Uri(address.GetLeftPart(UriPartial.Authority).Replace(address.UserInfo + "@", "", StringComparison.Ordinal)), account[0], account[1]);
        }

        _ceph = await PrivateCeph.StartAsync();
        return (_ceph.Endpoint, _ceph.AccessKey, _ceph.SecretKey);
    }

    /// <inheritdoc/>
    protected override ValueTask StopAsync() => _ceph?.DisposeAsync() ?? ValueTask.CompletedTask;
}

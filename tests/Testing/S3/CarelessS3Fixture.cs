using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Testing.S3;

/// <summary>
/// npm's package <c>s3rver</c>: a server that answers 200 to conditional puts and ignores the condition, stores the framing of
/// chunked uploads as data, and fails at the second page of a listing. What a store must not trust blindly; good for nothing else.
/// </summary>
public sealed class CarelessS3Fixture : S3ServerFixture
{
    /// <summary>The account is a constant of the program, which listens on the loopback address only.</summary>
    private const string Version = "3.7.1", Account = "S3RVER";

    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);

    private readonly TemporaryDirectory _directory = new();
    private GuardedServer? _server;

    /// <inheritdoc/>
    protected override async Task<(Uri Endpoint, string AccessKey, string SecretKey)> StartAsync()
    {
        var (node, home) = await NodePackage.GetAsync("s3rver", Version);
        var port = FreePorts.Next();
        _server = GuardedServer.Start(
            [node, Path.Combine(home, "node_modules/s3rver/bin/s3rver.js"), "--directory", _directory["data"], "--address", "127.0.0.1", "--port", $"{port}", "--silent", "--no-vhost-buckets"],
            _directory["s3rver.log"],
            stopSignal: "KILL");
        await _server.WaitUntilListeningAsync(port, StartLimit, CancellationToken.None);
        return (new Uri($"http://127.0.0.1:{port}/"), Account, Account);
    }

    /// <inheritdoc/>
    protected override ValueTask StopAsync()
    {
        _server?.Dispose();
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }
}

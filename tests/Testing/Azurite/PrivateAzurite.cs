using System.Security.Cryptography;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Testing.Azurite;

/// <summary>Microsoft's emulator of Azure Blob Storage, on a port of its own, with an account and a key of its own.</summary>
public sealed class PrivateAzurite : IAsyncDisposable
{
    private const string Version = "3.35.0", AccountName = "stellatests";
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);

    private readonly TemporaryDirectory _directory;
    private readonly GuardedServer _server;

    private PrivateAzurite(TemporaryDirectory directory, GuardedServer server, string connectionString) =>
        (_directory, _server, ConnectionString) = (directory, server, connectionString);

    /// <summary>With account and key.</summary>
    public string ConnectionString { get; }

    /// <summary>Starts the server of npm's package <c>azurite</c>, which is downloaded once.</summary>
    /// <exception cref="InvalidOperationException">It cannot be had or does not start; the message says why.</exception>
    public static async Task<PrivateAzurite> StartAsync(CancellationToken cancellationToken = default)
    {
        var (node, home) = await NodePackage.GetAsync("azurite", Version, cancellationToken);
        var directory = new TemporaryDirectory();
        var port = FreePorts.Next();
        var key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(64));
        var server = GuardedServer.Start(
            [
                node, Path.Combine(home, "node_modules/azurite/dist/src/blob/main.js"),
                "--blobHost", "127.0.0.1", "--blobPort", $"{port}", "--location", directory.Path,
                "--skipApiVersionCheck", "--disableTelemetry", "--silent",
            ],
            directory["azurite.log"],
            stopSignal: "KILL",
            new Dictionary<string, string?> { ["AZURITE_ACCOUNTS"] = $"{AccountName}:{key}" });
        try
        {
            await server.WaitUntilListeningAsync(port, StartLimit, cancellationToken);
        }
        catch
        {
            server.Dispose();
            directory.Dispose();
            throw;
        }

        return new PrivateAzurite(
            directory, server, $"DefaultEndpointsProtocol=http;AccountName={AccountName};AccountKey={key};BlobEndpoint=http://127.0.0.1:{port}/{AccountName};");
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _server.Dispose();
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }
}

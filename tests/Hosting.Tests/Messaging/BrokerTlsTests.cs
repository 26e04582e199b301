using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using StellaOps.Backup.Hosting.Messaging;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Hosting.Tests.Messaging;

/// <summary>TLS to the broker, in whose place a listener shows a certificate that no authority signed.</summary>
public sealed class BrokerTlsTests : IDisposable
{
    /// <summary>A loopback address that nobody uses: port 5671 of the usual one may belong to a broker.</summary>
    private const string Address = "127.0.0.71";

    private readonly X509Certificate2 _certificate = SelfSigned();

    public void Dispose() => _certificate.Dispose();

    [Theory]
    [InlineData(0, "true")]
    [InlineData(5671, "false")]
    public async Task A_broker_of_an_unknown_authority_hears_nothing(int port, string useTls)
    {
        var token = TestContext.Current.CancellationToken;
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["password"], "x", token);
        using var listener = new TcpListener(IPAddress.Parse(Address), port);
        listener.Start();
        var endpoint = (IPEndPoint)listener.LocalEndpoint;

        // Whoever trusts the certificate gets through: nothing else is wrong with it.
        Assert.Equal(1, await TrustAndSendAsync(listener, endpoint, token));

        var heard = HearAsync(listener, token);
        await using var host = await TestHost.StartAsync(
            builder => builder.AddStellaBus(_ => { }, (_, transport) => transport.ReceiveEndpoint("queue", queue => queue.PrefetchCount = 1)),
            settings:
            [
                ("Broker:Host", Address), ("Broker:Port", endpoint.Port.ToString(CultureInfo.InvariantCulture)), ("Broker:UseTls", useTls),
                ("Broker:PasswordFile", directory["password"]),
            ]);
        Assert.Equal(0, await heard);
        // The bus tries again for ever; its end need not wait for a handshake that nobody answers.
        listener.Stop();
    }

    private async Task<int> TrustAndSendAsync(TcpListener listener, IPEndPoint endpoint, CancellationToken token)
    {
        var heard = HearAsync(listener, token);
        using var client = new TcpClient();
        await client.ConnectAsync(endpoint, token);
        await using var stream = new SslStream(client.GetStream());
        var trust = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { _certificate },
            RevocationMode = X509RevocationMode.NoCheck,
        };
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = Address, CertificateChainPolicy = trust }, token);
        await stream.WriteAsync(new byte[1], token);
        return await heard;
    }

    /// <summary>How many bytes the next client sends under TLS: 0 when it does not accept the certificate, -1 when it does not speak TLS.</summary>
    private async Task<int> HearAsync(TcpListener listener, CancellationToken token)
    {
        using var client = await listener.AcceptTcpClientAsync(token).AsTask().WaitAsync(TimeSpan.FromMinutes(1), token);
        await using var stream = new SslStream(client.GetStream());
        var heard = -1;
        try
        {
            await stream.AuthenticateAsServerAsync(
                (_, _, _, _) =>
                {
                    heard = 0;
                    return ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificate = _certificate });
                },
                state: null,
                token);
            heard = await stream.ReadAsync(new byte[8], token);
        }
        catch (Exception refused) when (refused is AuthenticationException or IOException)
        {
            // What was heard before tells enough.
        }

        return heard;
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Parse(Address));
        var request = new CertificateRequest("CN=broker", key, HashAlgorithmName.SHA256) { CertificateExtensions = { names.Build() } };
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}

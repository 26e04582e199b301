using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Hosting.Tests.Settings;

public sealed class ListenTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_service_listens_on_all_its_addresses_and_shows_the_certificate_that_is_set()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=gateway", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        await File.WriteAllTextAsync(_directory["gateway.pem"], certificate.ExportCertificatePem(), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_directory["gateway.key"], key.ExportPkcs8PrivateKeyPem(), TestContext.Current.CancellationToken);
        await using var host = await TestHost.StartAsync(settings:
        [
            ("Listen:Url", "http://127.0.0.1:0;https://127.0.0.1:0"),
            ("Kestrel:Certificates:Default:Path", _directory["gateway.pem"]),
            ("Kestrel:Certificates:Default:KeyPath", _directory["gateway.key"]),
        ]);

        string? shown = null;
        using var trusting = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, presented, _, _) => (shown = presented?.GetCertHashString()) == certificate.GetCertHashString(),
            },
        };
        using var client = new HttpClient(trusting);
        var addresses = host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        Assert.Equal(["http", "https"], addresses.Select(address => new Uri(address).Scheme).Order());
        foreach (var address in addresses)
        {
            var answer = await client.GetAsync(new Uri(new Uri(address), "/health/live"), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        Assert.Equal(certificate.GetCertHashString(), shown);
    }
}

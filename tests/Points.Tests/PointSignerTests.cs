using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Points.Tests;

public sealed class PointSignerTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    [Fact]
    public void The_pre_authentication_encoding_is_that_of_the_specification()
    {
        var encoded = SignedEnvelope.PreAuthenticationEncoding("http://example.com/HelloWorld", "hello world"u8);
        Assert.Equal("DSSEv1 29 http://example.com/HelloWorld 11 hello world", Encoding.UTF8.GetString(encoded));
    }

    [Fact]
    public void Lengths_in_the_encoding_count_bytes()
    {
        var encoded = SignedEnvelope.PreAuthenticationEncoding("ü", "é"u8);
        Assert.Equal("DSSEv1 2 ü 2 é", Encoding.UTF8.GetString(encoded));
    }

    [Fact]
    public async Task Openssl_verifies_the_signature_and_names_the_same_key()
    {
        using var signer = SamplePoints.Signer(_folder.Path);
        var stored = JsonNode.Parse(signer.Sign(SamplePoints.Full).ToJson())!;
        var payload = Convert.FromBase64String((string)stored["payload"]!);
        var type = (string)stored["payloadType"]!;
        var signature = stored["signatures"]![0]!;
        var cancel = TestContext.Current.CancellationToken;
        await File.WriteAllBytesAsync(_folder["pae"], SignedEnvelope.PreAuthenticationEncoding(type, payload), cancel);
        await File.WriteAllBytesAsync(_folder["sig"], Convert.FromBase64String((string)signature["sig"]!), cancel);
        await File.WriteAllTextAsync(_folder["public.pem"], signer.PublicKeyPem, cancel);

        var verified = await OpensslAsync("dgst", "-sha256", "-verify", "public.pem", "-signature", "sig", "pae");
        Assert.Equal("Verified OK", verified.Checked().Output.Trim());

        (await OpensslAsync("pkey", "-pubin", "-in", "public.pem", "-outform", "DER", "-out", "public.der")).Checked();
        var der = await File.ReadAllBytesAsync(_folder["public.der"], cancel);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(der)), (string)signature["keyid"]!);
    }

    [Fact]
    public async Task A_key_made_by_openssl_signs()
    {
        (await OpensslAsync("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "key.pem")).Checked();
        using var signer = PointSigner.FromPemFile(_folder["key.pem"]);
        using var verifier = PointVerifier.FromPem(signer.PublicKeyPem);
        Assert.Equal(SamplePoints.Full.Id, verifier.Open(signer.Sign(SamplePoints.Full)).Id);
    }

    [Fact]
    public void A_key_file_that_is_missing_is_named_with_the_command_that_makes_one()
    {
        var error = Refused(_folder["nowhere.pem"]);
        Assert.Contains("nowhere.pem", error.Message, StringComparison.Ordinal);
        Assert.Contains("openssl ecparam", error.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_of_another_curve_is_refused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        Assert.Contains("not an ECDSA P-256 key", Refused(Write(key.ExportPkcs8PrivateKeyPem())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_public_key_cannot_sign()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Contains("a private key is needed", Refused(Write(key.ExportSubjectPublicKeyInfoPem())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_without_a_key_is_refused() =>
        Assert.Contains("no key in PEM", Refused(Write("not a key")).Message, StringComparison.Ordinal);

    public void Dispose() => _folder.Dispose();

    private Task<ProcessResult> OpensslAsync(params string[] arguments) =>
        Processes.RunAsync("openssl", arguments, workingDirectory: _folder.Path, cancellationToken: TestContext.Current.CancellationToken);

    private string Write(string text)
    {
        File.WriteAllText(_folder["key.pem"], text);
        return _folder["key.pem"];
    }

    private static BackupException Refused(string path)
    {
        var error = Assert.Throws<BackupException>(() => PointSigner.FromPemFile(path));
        Assert.Equal(ErrorCodes.NotConfigured, error.Error);
        return error;
    }
}

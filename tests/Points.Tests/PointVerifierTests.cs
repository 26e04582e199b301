using System.Text;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Points.Manifests;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Points.Tests;

public sealed class PointVerifierTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();
    private readonly PointSigner _signer;
    private readonly PointVerifier _verifier;

    public PointVerifierTests()
    {
        _signer = SamplePoints.Signer(_folder.Path);
        _verifier = PointVerifier.FromPem(_signer.PublicKeyPem);
    }

    [Fact]
    public void A_signed_manifest_opens()
    {
        var envelope = SignedEnvelope.Parse(_signer.Sign(SamplePoints.Full).ToJson());
        Assert.Equivalent(SamplePoints.Full, _verifier.Open(envelope), strict: true);
    }

    [Fact]
    public void The_frozen_envelope_opens_for_ever()
    {
        using var frozenKey = PointVerifier.FromPemFiles(Frozen.Path("public-key.pem"));
        var envelope = SignedEnvelope.Parse(File.ReadAllBytes(Frozen.Path("point-v1.dsse.json")));
        Assert.Equivalent(SamplePoints.Full, frozenKey.Open(envelope), strict: true);
    }

    [Fact]
    public void A_changed_bit_anywhere_in_the_payload_is_noticed()
    {
        var envelope = _signer.Sign(SamplePoints.Full);
        for (var at = 0; at < envelope.Payload.Length; at++)
        {
            var payload = envelope.Payload.ToArray();
            payload[at] ^= 1;
            var error = Refused(envelope with { Payload = payload });
            Assert.Contains("altered after it was signed", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_key_of_another_installation_is_named_and_not_trusted()
    {
        using var other = SamplePoints.Signer(_folder.Path);
        var error = Refused(other.Sign(SamplePoints.Full));
        Assert.Contains(other.KeyId, error.Message, StringComparison.Ordinal);
        Assert.Contains("not trusted", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_id_alone_convinces_nobody()
    {
        using var other = SamplePoints.Signer(_folder.Path);
        var forged = other.Sign(SamplePoints.Full);
        Refused(forged with { Signatures = [forged.Signatures[0] with { KeyId = _signer.KeyId }] });
    }

    [Fact]
    public void A_missing_or_altered_key_id_does_not_hide_a_good_signature()
    {
        var envelope = _signer.Sign(SamplePoints.Full);
        var unnamed = envelope with { Signatures = [envelope.Signatures[0] with { KeyId = null }] };
        Assert.Equal(SamplePoints.Full.Id, _verifier.Open(unnamed).Id);
    }

    [Fact]
    public void Points_of_an_earlier_key_open_while_it_is_trusted()
    {
        using var earlier = SamplePoints.Signer(_folder.Path);
        using var both = PointVerifier.FromPem(_signer.PublicKeyPem, earlier.PublicKeyPem);
        Assert.Equal(SamplePoints.Full.Id, both.Open(earlier.Sign(SamplePoints.Full)).Id);
        Assert.Equal(SamplePoints.Full.Id, both.Open(_signer.Sign(SamplePoints.Full)).Id);
    }

    [Fact]
    public void An_envelope_without_signatures_is_refused() =>
        Assert.Contains("no signature", Refused(_signer.Sign(SamplePoints.Full) with { Signatures = [] }).Message, StringComparison.Ordinal);

    [Fact]
    public void A_signature_over_another_type_of_payload_is_refused()
    {
        var foreign = _signer.Sign(ManifestCodec.Encode(SamplePoints.Full), "application/vnd.in-toto+json");
        Refused(foreign);
        Refused(foreign with { PayloadType = SignedEnvelope.ManifestType });
    }

    [Fact]
    public void A_signature_that_is_no_signature_is_refused() =>
        Refused(_signer.Sign(SamplePoints.Full) with { Signatures = [new EnvelopeSignature { KeyId = _signer.KeyId, Sig = [1, 2, 3] }] });

    [Fact]
    public void A_null_among_the_signatures_is_damaged()
    {
        var whole = Encoding.UTF8.GetString(_signer.Sign(SamplePoints.Full).ToJson());
        var odd = whole.Replace("\"signatures\":[", "\"signatures\":[null,", StringComparison.Ordinal);
        Assert.NotEqual(whole, odd);
        Assert.Equal(ErrorCodes.Damaged, Assert.Throws<BackupException>(() => SignedEnvelope.Parse(Encoding.UTF8.GetBytes(odd))).Error);
    }

    public void Dispose()
    {
        _verifier.Dispose();
        _signer.Dispose();
        _folder.Dispose();
    }

    private BackupException Refused(SignedEnvelope envelope)
    {
        var error = Assert.Throws<BackupException>(() => _verifier.Open(envelope));
        Assert.Equal(ErrorCodes.BadSignature, error.Error);
        return error;
    }
}

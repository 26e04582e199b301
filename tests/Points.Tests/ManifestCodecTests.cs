using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Points.Manifests;

namespace StellaOps.Backup.Points.Tests;

public sealed class ManifestCodecTests
{
    [Fact]
    public void A_manifest_survives_the_round_trip()
    {
        var bytes = ManifestCodec.Encode(SamplePoints.Full);
        var back = ManifestCodec.Decode(bytes);
        Assert.Equal(SamplePoints.Full.Name, back.Name);
        Assert.Equal(SamplePoints.Full.StartedAt, back.StartedAt);
        Assert.Equivalent(SamplePoints.Full, back, strict: true);
        Assert.Equal(bytes, ManifestCodec.Encode(back));
    }

    [Fact]
    public void The_bytes_are_those_of_the_frozen_sample()
    {
        var frozen = File.ReadAllText(Frozen.Path("manifest-v1.json")).TrimEnd('\n');
        Assert.Equal(frozen, Encoding.UTF8.GetString(ManifestCodec.Encode(SamplePoints.Full)));
    }

    [Fact]
    public void Equal_instants_are_written_alike_whatever_their_offset()
    {
        var utc = SamplePoints.Full with { StartedAt = SamplePoints.Full.StartedAt.ToUniversalTime() };
        Assert.Equal(ManifestCodec.Encode(SamplePoints.Full), ManifestCodec.Encode(utc));
    }

    [Fact]
    public void Members_that_are_not_known_are_ignored()
    {
        var altered = Altered(json => json["tenants"] = new JsonArray(1, 2));
        Assert.Equivalent(SamplePoints.Full, ManifestCodec.Decode(altered), strict: true);
    }

    [Fact]
    public void Another_version_is_refused_even_when_all_else_differs()
    {
        var error = Assert.Throws<BackupException>(() => ManifestCodec.Decode("""{"version":2,"recoveryPoint":{}}"""u8));
        Assert.Equal(ErrorCodes.VersionMismatch, error.Error);
        Assert.Contains("version 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Members_that_are_absent_have_their_defaults()
    {
        var altered = Altered(json =>
        {
            json.Remove("notes");
            json["components"]![0]!.AsObject().Remove("recipients");
        });
        Assert.Empty(ManifestCodec.Decode(altered).Notes);
        Assert.Empty(ManifestCodec.Decode(altered).Components[0].Recipients);
    }

    [Theory]
    [InlineData("id")]
    [InlineData("name")]
    [InlineData("components")]
    [InlineData("version")]
    public void A_manifest_without_a_required_member_is_damaged(string member) =>
        AssertDamaged(Altered(json => json.Remove(member)));

    [Theory]
    [InlineData("""{"version":null}""")]
    [InlineData("""{"version":1,"version":1}""")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("")]
    public void What_is_not_a_manifest_is_damaged(string text) => AssertDamaged(Encoding.UTF8.GetBytes(text));

    [Theory]
    [InlineData("components")]
    [InlineData("notes")]
    public void A_list_with_a_null_in_it_is_damaged(string list) => AssertDamaged(Altered(json => json[list] = JsonNode.Parse("[null]")));

    [Fact]
    public void Every_truncation_is_damaged()
    {
        var bytes = ManifestCodec.Encode(SamplePoints.Full);
        for (var length = 0; length < bytes.Length; length++)
        {
            AssertDamaged(bytes[..length]);
        }
    }

    private static byte[] Altered(Action<JsonObject> change)
    {
        var json = JsonNode.Parse(ManifestCodec.Encode(SamplePoints.Full))!.AsObject();
        change(json);
        return JsonSerializer.SerializeToUtf8Bytes(json);
    }

    private static void AssertDamaged(byte[] content) =>
        Assert.Equal(ErrorCodes.Damaged, Assert.Throws<BackupException>(() => ManifestCodec.Decode(content)).Error);
}

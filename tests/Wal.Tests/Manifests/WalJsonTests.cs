using System.Text;
using StellaOps.Backup.Wal.Manifests;

namespace StellaOps.Backup.Wal.Tests.Manifests;

/// <summary>Whoever can write into the location can put a document into the archive.</summary>
public sealed class WalJsonTests
{
    [Theory]
    [InlineData("[null]")]
    [InlineData("null")]
    [InlineData("""[{"name":"000000010000000000000001","digest":"00","length":1,"restorePoints":[null]}]""")]
    public void A_document_with_null_in_the_place_of_something_is_not_readable(string segments)
    {
        Assert.NotNull(Read("[]"));
        Assert.Null(Read(segments));
    }

    [Fact]
    public void A_list_that_a_document_does_not_have_is_empty() =>
        Assert.Empty(Read("""[{"name":"000000010000000000000001","digest":"00","length":1}]""")!.Segments[0].RestorePoints);

    private static RangeManifest? Read(string segments) => WalJson.TryRead<RangeManifest>(Encoding.UTF8.GetBytes(
        """{"version":1,"systemIdentifier":1,"cluster":"main","timeline":1,"segmentSize":16777216,"start":"0/1000000","stop":"0/2000000","closedAt":"2026-01-17T10:30:00Z","segments":"""
        + segments + "}"));
}

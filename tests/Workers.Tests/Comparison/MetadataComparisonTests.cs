using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Trees;
using StellaOps.Backup.Workers.Comparison;

namespace StellaOps.Backup.Workers.Tests.Comparison;

public sealed class MetadataComparisonTests
{
    private const uint Somebody = 12345, Me = 1000;

    [Theory]
    [InlineData(0x5fd, 0x1fd, Me, false, null)] // 2775, 775
    [InlineData(0x9ed, 0x1ed, Me, false, null)] // 4755, 755
    [InlineData(0x5fd, 0x1ed, Me, false, "has mode 755, not 2775")]
    [InlineData(0x5fd, 0x1fd, Somebody, false, "has mode 775, not 2775")]
    [InlineData(0x5fd, 0x1fd, Me, true, "has mode 775, not 2775")]
    [InlineData(0x1fd, 0x1fd, Me, true, "belongs to 1000:12345, not 12345:12345")]
    public void Setuid_and_setgid_go_with_the_owner(uint saved, uint found, uint owner, bool ownersCount, string? difference)
    {
        var node = new Node { Name = new EntryName("a"), Type = NodeType.File, Metadata = Metadata(saved, Somebody) };
        var entry = new SourceEntry { Name = node.Name, Type = node.Type, Metadata = Metadata(found, owner) };
        Assert.Equal(difference, MetadataComparison.Difference(node, entry, ownersCount));
    }

    private static NodeMetadata Metadata(uint permissions, uint user) => new() { Permissions = permissions, Modified = default, UserId = user, GroupId = Somebody };
}

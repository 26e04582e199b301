using StellaOps.Backup.ConfigBackup.Diffs;
using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.ConfigBackup.Tests.Diffs;

public sealed class MetadataChangeTests
{
    private static readonly NodeMetadata Old = new() { Permissions = 0x1a4, Modified = default, ExtendedAttributes = [new("system.posix_acl_access", new byte[] { 1 })] };

    [Fact]
    public void Attributes_are_told_whatever_the_time_is()
    {
        var now = Old with { Modified = new UnixTime(1, 0), ExtendedAttributes = [new("system.posix_acl_access", new byte[] { 2 }), new("user.origin", new byte[] { 1 })] };
        Assert.Equal("attributes system.posix_acl_access, user.origin", MetadataChange.Of(Old, now));
        Assert.Equal("mode 0600, before 0644; owner 5:0, before 0:0", MetadataChange.Of(Old, Old with { Permissions = 0x180, UserId = 5 }));
    }

    [Fact]
    public void The_time_alone_is_no_change() =>
        Assert.Null(MetadataChange.Of(Old, Old with { Modified = new UnixTime(1, 0), ExtendedAttributes = [new("system.posix_acl_access", new byte[] { 1 })] }));
}

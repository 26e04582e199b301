using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Storage.Tests;

public sealed class SecondarySettingsTests
{
    [Theory]
    [InlineData("/srv/backups", null, true)]
    [InlineData("/srv/backups", "/mnt/second", true)]
    [InlineData("/srv/backups", "/srv/backups-2", true)]
    [InlineData("/srv/backups", "/srv/backups/", false)]
    [InlineData("/srv/backups", "/srv/backups/second", false)]
    [InlineData("/srv/backups/first", "/srv/backups", false)]
    [InlineData("s3://bucket/a", "s3://bucket/b", true)]
    [InlineData("s3://bucket/a", "s3://bucket", false)]
    [InlineData("s3://bucket/a?endpoint=https://one.example", "s3://bucket/a?endpoint=https://two.example", true)]
    [InlineData("azblob://container", "s3://container", true)]
    [InlineData("azblob://container", "azblob://container/second", false)]
    public void A_second_place_is_one_that_does_not_share_the_fate_of_the_first(string location, string? secondary, bool isOne) =>
        Assert.Equal(isOne, new SecondarySettings { Url = secondary }.Contradiction(new LocationSettings { Url = location }) is null);

    [Fact]
    public void What_is_set_for_the_secondary_location_is_used_with_it()
    {
        Assert.Null(new SecondarySettings().ToLocation());
        var location = new SecondarySettings
        {
            Url = "s3://bucket", CredentialsFile = "/c", UploadBytesPerSecond = 2000, DownloadBytesPerSecond = 3000, Concurrency = 4, StallSeconds = 5, RetrySeconds = 6, RetentionMode = RetentionMode.Compliance, RetentionDays = 7,
        }.ToLocation()!;
        Assert.Equal(
            ("s3://bucket", "/c", 2000L, 3000L, 4, 5, 6, RetentionMode.Compliance, 7),
            (location.Url, location.CredentialsFile, location.UploadBytesPerSecond, location.DownloadBytesPerSecond, location.Concurrency, location.StallSeconds, location.RetrySeconds, location.RetentionMode, location.RetentionDays));
    }
}

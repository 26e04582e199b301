using System.ComponentModel.DataAnnotations;
using CsCheck;
using StellaOps.Backup.Storage.Addresses;

namespace StellaOps.Backup.Storage.Tests.Addresses;

public sealed class LocationAddressTests
{
    [Theory]
    [InlineData("/some/where", "/some/where")]
    [InlineData("/with?odd#and@names", "/with?odd#and@names")]
    [InlineData("file:///some/where%20else", "/some/where else")]
    [InlineData("FILE:///some/where", "/some/where")]
    public void A_directory_is_a_path_or_a_file_url(string text, string path) =>
        Assert.Equal(new LocalAddress(path), LocationAddress.Parse(text));

    [Theory]
    [InlineData("s3://bucket", "bucket", "")]
    [InlineData("s3://bucket/", "bucket", "")]
    [InlineData("s3://bucket/a/b/", "bucket", "a/b")]
    [InlineData("S3://My_Bucket.x/a%20b", "My_Bucket.x", "a b")]
    public void A_bucket_may_have_a_folder(string text, string bucket, string prefix) =>
        Assert.Equal(new S3Address("s3", bucket, prefix), LocationAddress.Parse(text));

    [Fact]
    public void A_server_of_ones_own_is_an_endpoint_and_takes_the_bucket_in_the_path()
    {
        var address = Assert.IsType<S3Address>(LocationAddress.Parse("s3://bucket/stella?endpoint=https://ceph.example:8443&region=eu-1"));
        Assert.Equal(new Uri("https://ceph.example:8443"), address.Endpoint);
        Assert.Equal(("eu-1", true), (address.Region, address.PathStyle));
        Assert.Equal("s3://bucket/stella", address.ToString());
    }

    [Fact]
    public void Path_style_can_be_chosen_and_is_not_the_default_at_amazon()
    {
        Assert.False(Assert.IsType<S3Address>(LocationAddress.Parse("s3://bucket?region=eu-1")).PathStyle);
        Assert.True(Assert.IsType<S3Address>(LocationAddress.Parse("s3://bucket?path-style=true")).PathStyle);
        Assert.False(Assert.IsType<S3Address>(LocationAddress.Parse("s3://bucket?endpoint=https://x.example&path-style=false")).PathStyle);
    }

    [Fact]
    public void Google_is_an_s3_store_at_its_own_endpoint()
    {
        var address = Assert.IsType<S3Address>(LocationAddress.Parse("gs://bucket/stella"));
        Assert.Equal((true, true, "stella", "https://storage.googleapis.com/"), (address.IsGoogle, address.PathStyle, address.Prefix, address.Endpoint?.ToString()));
    }

    [Fact]
    public void Azure_has_a_container_and_perhaps_an_endpoint_with_the_account_in_its_path()
    {
        Assert.Equal(new AzureBlobAddress("container", "a/b"), LocationAddress.Parse("azblob://container/a/b"));
        var address = Assert.IsType<AzureBlobAddress>(LocationAddress.Parse("azblob://container?endpoint=http://127.0.0.1:10000/devstoreaccount1"));
        Assert.Equal(new Uri("http://127.0.0.1:10000/devstoreaccount1"), address.Endpoint);
    }

    [Theory]
    [InlineData("relative/path", "not the address of a location: relative/path")]
    [InlineData("s3:", "not the address of a location: s3:")]
    [InlineData("ftp://host/path", "not the address of a location: ftp")]
    [InlineData("file://host/path", "absolute path of this machine")]
    [InlineData("file:///path?endpoint=x", "'endpoint' is not known (it takes none)")]
    [InlineData("s3://", "not the name of a bucket")]
    [InlineData("s3:///path", "not the name of a bucket")]
    [InlineData("s3://host:9000/bucket", "a server is named by ?endpoint=")]
    [InlineData("s3://bucket/a//b", "must not have empty parts")]
    [InlineData("s3://bucket/../b", "must not have empty parts")]
    [InlineData("s3://bucket/a%2f..%2fb", "must not have empty parts")]
    [InlineData("s3://bucket#part", "has no '#'")]
    [InlineData("s3://bucket?acl=private", "'acl' is not known (known are endpoint, region, path-style)")]
    [InlineData("s3://bucket?endpoint", "key=value")]
    [InlineData("s3://bucket?region=a&region=b", "'region' is given twice")]
    [InlineData("s3://bucket?region=", "region wants a name")]
    [InlineData("s3://bucket?path-style=yes", "path-style wants true or false")]
    [InlineData("s3://bucket?endpoint=ceph.example:8443", "endpoint wants http://host:port or https://host:port")]
    [InlineData("s3://bucket?endpoint=https://ceph.example/bucket", "endpoint has no path")]
    [InlineData("gs://bucket?region=eu", "'region' is not known (known are endpoint)")]
    [InlineData("azblob://container?account=x", "'account' is not known (known are endpoint)")]
    public void Anything_else_is_refused_and_says_why(string text, string why) =>
        Assert.Contains(why, RefusalOf(text), StringComparison.Ordinal);

    [Theory]
    [InlineData("s3://id:HUSH@bucket/prefix")]
    [InlineData("s3://HUSH@bucket")]
    [InlineData("s3://AKIA:HUSH/def@bucket/prefix")]
    [InlineData("s3://AKIA:abc/HUSH@bucket/prefix")]
    [InlineData("s3://AKIA+HUSH/def@bucket/prefix")]
    [InlineData("s3://bucket?access-key=HUSH")]
    [InlineData("s3://bucket?AWS_SECRET_ACCESS_KEY=HUSH")]
    [InlineData("s3://bucket?X-Amz-Signature=HUSH")]
    [InlineData("s3://bucket?endpoint=https://id:HUSH@ceph.example")]
    [InlineData("azblob://container?sv=2024-01-01&sig=HUSH")]
    [InlineData("azblob://container?endpoint=https://a.example%3fsig%3dHUSH")]
    public void Credentials_are_refused_never_repeated_and_shown_their_place(string text)
    {
        var message = RefusalOf(text);
        Assert.DoesNotContain("HUSH", message, StringComparison.Ordinal);
        Assert.Contains("Location:CredentialsFile", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("s3://AKIA:HUSH/def@bucket?acl=private")]
    [InlineData("s3://AKIA:HUSH/def@bucket?region=")]
    [InlineData("AccountKey=HUSH")]
    [InlineData("id:HUSH@host")]
    public void What_is_no_address_at_all_is_not_repeated_when_it_may_be_a_secret(string text) =>
        Assert.DoesNotContain("HUSH", RefusalOf(text), StringComparison.Ordinal);

    [Fact]
    public void Any_text_is_an_address_or_is_refused() => Gen.OneOf(
        Gen.String.Where(text => !string.IsNullOrWhiteSpace(text)),
        Gen.OneOf(Gen.Const("s3://"), Gen.Const("gs://"), Gen.Const("azblob://"), Gen.Const("file://")).SelectMany(scheme => Gen.String.Select(rest => scheme + rest))).Sample(text =>
    {
        try
        {
            LocationAddress.Parse(text);
        }
        catch (StorageException exception)
        {
            Assert.Equal(StorageFailure.Misconfigured, exception.Failure);
        }
    });

    [Fact]
    public void A_wrong_address_in_a_setting_is_found_when_settings_are_checked()
    {
        var results = new List<ValidationResult>();
        var settings = new LocationSettings { Url = "s3://id:HUSH@bucket" };
        Assert.False(Validator.TryValidateObject(settings, new ValidationContext(settings), results, validateAllProperties: true));
        Assert.Equal(["Url"], Assert.Single(results).MemberNames);
    }

    private static string RefusalOf(string text)
    {
        var failure = Assert.Throws<StorageException>(() => LocationAddress.Parse(text));
        Assert.Equal(StorageFailure.Misconfigured, failure.Failure);
        return failure.Message;
    }
}

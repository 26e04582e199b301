using StellaOps.Backup.ConfigBackup.Diffs;

namespace StellaOps.Backup.ConfigBackup.Tests.Diffs;

public sealed class SecretMaskTests
{
    private const string Planted = "hunter2hunter2";

    [Theory]
    [InlineData($"DB_PASSWORD={Planted}", "DB_PASSWORD=(masked)")]
    [InlineData($"  \"ClientSecret\": \"{Planted}\",", "  \"ClientSecret\": (masked)")]
    [InlineData($"Host=db;Username=app;Password={Planted};Timeout=5", "Host=db;Username=app;Password=(masked)")]
    [InlineData($"api-key : {Planted}", "api-key : (masked)")]
    [InlineData($"url: amqps://app:{Planted}@broker/", "url: amqps://(masked)@broker/")]
    [InlineData($"<password>{Planted}</password>", "<password>(masked)</password>")]
    [InlineData($"Authorization: Bearer {Planted}abcdef", "Authorization: (masked)")]
    [InlineData("key = AGE-SECRET-KEY-1QQPQQ", "key = (masked)")]
    [InlineData($"--token={Planted}\\", "--token=(masked)")]
    public void What_looks_like_a_secret_is_taken_out(string line, string masked) => Assert.Equal([masked], SecretMask.Mask([line]));

    [Theory]
    [InlineData("RepositoryPasswordFile: /etc/stella/password")]
    [InlineData("password: ${DB_PASSWORD}")]
    [InlineData("tokenLifetimeSeconds: 3600")]
    [InlineData("useSecrets: true")]
    [InlineData("replicas: 3")]
    [InlineData("")]
    public void What_is_none_stays(string line) => Assert.Equal([line], SecretMask.Mask([line]));

    [Fact]
    public void A_private_key_and_a_block_of_yaml_are_taken_out_line_by_line()
    {
        string[] lines =
        [
            "tls:", "  cert: |", "    public", "  clientSecret: |", $"    {Planted}", "", $"    {Planted}", "  port: 5",
            "-----BEGIN EC PRIVATE KEY-----", Planted, Planted, "-----END EC PRIVATE KEY-----", "after",
        ];

        var masked = SecretMask.Mask(lines);

        Assert.Equal(
            [
                "tls:", "  cert: |", "    public", "  clientSecret: |", "    (masked)", "", "    (masked)", "  port: 5",
                "-----BEGIN EC PRIVATE KEY-----", "(masked)", "(masked)", "-----END EC PRIVATE KEY-----", "after",
            ],
            masked);
    }

    [Fact]
    public void That_a_secret_changed_is_shown_and_not_to_what_also_without_a_line_feed_at_the_end() =>
        Assert.Equal(
            "@@ -1,2 +1,2 @@\n a: 1\n-password: (masked)\n\\ No newline at end of file\n+password: (masked)\n\\ No newline at end of file\n",
            UnifiedDiff.Of($"a: 1\npassword: {Planted}", $"a: 1\npassword: {Planted}-new"));
}

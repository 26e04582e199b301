using StellaOps.Backup.ConfigBackup.Scanning;

namespace StellaOps.Backup.ConfigBackup.Tests;

public sealed class SecretScanTests : IAsyncDisposable
{
    private readonly ConfigBench _bench = new();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Theory]
    [InlineData("-----BEGIN PRIVATE KEY-----")]
    [InlineData("-----BEGIN OPENSSH PRIVATE KEY-----")]
    [InlineData("AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQ")]
    [InlineData("DB_PASSWORD=hunter2222")]
    [InlineData("SMTP_PASS=hunter2222")]
    [InlineData("RABBITMQ_DEFAULT_PASS: hunter2222")]
    [InlineData("storage_key: hunter2222")]
    [InlineData("Authorization: Basic aHVudGVyMg==")]
    [InlineData("\"Authorization\": \"Bearer hunter2222\",")]
    [InlineData("export API_KEY='abcdef'")]
    [InlineData("  \"ClientSecret\": \"abcdef\",")]
    [InlineData("smtp.password: abcdef")]
    [InlineData("-----BEGIN PGP PRIVATE KEY BLOCK-----")]
    [InlineData("""{"Auth":{"tokenLifetimeSeconds":3600,"clientSecret":"abcdef"}}""")]
    [InlineData("""SETTINGS="{\"Db\":{\"Password\":\"abcdef\"}}" """)]
    [InlineData("oauth: { tokenUrl: https://idp/token, clientSecret: abcdef }")]
    [InlineData("ConnectionStrings__Main=Host=db;PasswordFile=/x;Password=abcdef")]
    [InlineData("ENV PGPASSWORD=${PW} API_KEY=abcdef")]
    public void Known_shapes_are_found(string line) => Assert.NotNull(SecretPatterns.Match(line));

    [Theory]
    [InlineData("-----BEGIN PUBLIC KEY-----")]
    [InlineData("PASSWORD_FILE=/run/secrets/db")]
    [InlineData("DB_PASSWORD=${DB_PASSWORD}")]
    [InlineData("DB_PASSWORD=")]
    [InlineData("\"Password\": \"\"")]
    [InlineData("password: /run/secrets/db")]
    [InlineData("bypass: yes1")]
    [InlineData("passthrough=on2")]
    [InlineData("authorization: enabled")]
    [InlineData("Authorization: Bearer ${TOKEN}")]
    [InlineData("# Authorization: Basic aHVudGVyMg==")]
    [InlineData("tokenLifetime: 3600")]
    [InlineData("# set the password in Secrets:Paths")]
    [InlineData("# for example \"Password\": \"abcdef\"")]
    [InlineData("note: enter the password: it is asked for once")]
    [InlineData("Host=db;Password=;Timeout=30;Username=app")]
    [InlineData("""{"Password":"","Token":null,"ClientSecret":"${SECRET}","Key":{"Secret":{}}}""")]
    [InlineData("""SETTINGS="{\"Password\":\"${PW}\",\"Token\":\"\"}" """)]
    public void Ordinary_lines_are_not(string line) => Assert.Null(SecretPatterns.Match(line));

    [Fact]
    public async Task A_secret_is_named_by_its_place_and_never_shown()
    {
        _bench.Write("api/.env", "MODE=on\nDB_PASSWORD=hunter2222\n");
        var backup = await _bench.BackupAsync();
        var warning = Assert.Single(_bench.Log.Lines, line => line.StartsWith("warning: ", StringComparison.Ordinal));
        Assert.Contains("api/.env, line 2: password-like assignment", warning, StringComparison.Ordinal);
        Assert.DoesNotContain(_bench.Log.Lines, line => line.Contains("hunter", StringComparison.Ordinal));
        Assert.Equal(1, backup.Snapshot!.Files);

        var proven = await _bench.TestRestoreAsync(backup);
        Assert.Contains(proven.Proof!.Findings, finding => finding.StartsWith("1 lines look like secrets", StringComparison.Ordinal));
    }
}

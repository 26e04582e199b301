using StellaOps.Backup.ConfigBackup.Scanning;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Workers.Checks;

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
    [InlineData("db_pwd: hunter2222")]
    [InlineData("KEY_PASSPHRASE=hunter2222")]
    [InlineData("\"Credential\": \"abcdef\",")]
    [InlineData("private-key: hunter2222")]
    [InlineData("signing_key=hunter2222")]
    [InlineData("EncryptionKey=hunter2222")]
    [InlineData("master_key: hunter2222")]
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

    [Fact(Timeout = 60_000)]
    public async Task What_never_ends_is_not_read()
    {
        var token = TestContext.Current.CancellationToken;
        _bench.Write("a.conf", "a");
        var fifo = Path.Combine(_bench.Source, "fifo");
        (await Processes.RunAsync("mkfifo", [fifo], cancellationToken: token)).Checked();

        // On a thread of its own: who opens a FIFO is not ended by a token.
        var proven = await Task.Run(async () => await _bench.TestRestoreAsync(await _bench.BackupAsync()), token).WaitAsync(token);
        Assert.Contains("no known secret pattern in 1 files", proven.Proof!.Findings);
        Assert.Equal("pass", (await Task.Run(() => new SourceCheck(Component.Config, [fifo]).RunAsync(token), token).WaitAsync(token)).Status);
    }

    [Fact]
    public async Task Only_files_that_were_read_to_their_end_are_counted()
    {
        _bench.Write("a.conf", "a");
        _bench.Write("logo.png", "first\n\0\n");
        _bench.Write("large.log", new string('x', (1 << 20) + 1));

        await _bench.BackupAsync();

        Assert.Contains("info: config: no known secret pattern in 1 files; not read to the end: 1 binary, 1 larger than 1 MiB", _bench.Log.Lines);
    }
}

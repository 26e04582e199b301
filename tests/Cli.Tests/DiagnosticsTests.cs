using System.Formats.Tar;
using System.IO.Compression;
using StellaOps.Backup.Cli.Diagnostics;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Cli.Tests;

public sealed class DiagnosticsTests
{
    private const string Planted = "pl4ntedS3cretValue0123";

    [Theory]
    [InlineData("the token itself: bearer-of-this-run")]
    [InlineData($"could not connect: Host=db;Password={Planted};Database=x")]
    [InlineData($"{{\"message\":\"failed: password={Planted}\"}}")]
    [InlineData($"curl -H 'Authorization: Bearer {Planted}'")]
    [InlineData($"Authorization: Basic {Planted}")]
    [InlineData($"postgres://stella:{Planted}@db:5432/x")]
    [InlineData($"AWS_SECRET_ACCESS_KEY={Planted}")]
    [InlineData($"STELLA_TOKEN={Planted}")]
    [InlineData($"api-key: {Planted}")]
    [InlineData($"vault said hvs.{Planted}")]
    [InlineData($"PGPASSWORD={Planted} psql -h db")]
    [InlineData($"dbPassword: {Planted}")]
    [InlineData($"PASSWORD=\"{Planted} with a space\"")]
    [InlineData($"password = '{Planted}'")]
    [InlineData($"SMTP_PASS={Planted}")]
    [InlineData($"RABBITMQ_DEFAULT_PASS: {Planted}")]
    [InlineData($"the answer was {{\"user\":\"x\",\"password\":\"{Planted}\"}}")]
    [InlineData($"the answer was {{\\\"client_secret\\\": \\\"{Planted}\\\"}}")]
    [InlineData($"restic --password {Planted} check")]
    [InlineData($"mc alias set --secret-key '{Planted}'")]
    [InlineData($"redis://:{Planted}@cache:6379/0")]
    [InlineData($"https://{Planted}@github.example/x")]
    [InlineData($"amqp://user:pl/{Planted}@broker/")]
    [InlineData($"DefaultEndpointsProtocol=https;AccountName=x;AccountKey={Planted}==;EndpointSuffix=core.windows.net")]
    [InlineData($"SharedAccessKey={Planted}")]
    [InlineData($"https://x.blob.core.windows.net/c/b?sv=2024-01-01&sig={Planted}%3D&se=2026")]
    [InlineData($"https://b.s3.example/k?X-Amz-Credential={Planted}&X-Amz-Signature={Planted}")]
    [InlineData("-----BEGIN EC PRIVATE KEY-----\npl4ntedS3cretValue0123\n-----END EC PRIVATE KEY-----")]
    [InlineData("AGE-SECRET-KEY-1PL4NTEDS3CRETVALUE0123")]
    public void A_secret_in_any_text_is_replaced(string text)
    {
        var clean = new SecretScrub("bearer-of-this-run").Clean(text);
        Assert.DoesNotContain(Planted, clean, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("bearer-of-this-run", clean, StringComparison.Ordinal);
        Assert.Contains("(redacted)", clean, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("the repository password file /etc/stella/evidence is empty")]
    [InlineData("{\"snapshotId\":\"bbbbbbbbbbbbbbbb\",\"points\":3}")]
    [InlineData("https://store.example:9000/bucket")]
    [InlineData("\"Coordinator:CatalogPasswordFile\": \"/etc/stella/catalog\"")]
    [InlineData("restic -r /srv/evidence --password-file /etc/stella/evidence check")]
    [InlineData("secrets: 3 files; keys: 2 files")]
    [InlineData("by-passed: 3, compass: north")]
    [InlineData("file:///var/lib/stellaops/backups")]
    public void What_is_none_stays(string text) => Assert.Equal(text, new SecretScrub("bearer-of-this-run").Clean(text));

    /// <summary>In a document quotes are escaped one way or the other, and names stand apart from their values.</summary>
    [Theory]
    [InlineData($"{{\"message\":\"curl -H \\u0022Authorization: Bearer {Planted}\\u0022\"}}", "{\"message\":\"curl -H \\\"Authorization: Bearer (redacted)\\\"\"}")]
    [InlineData($"{{\"message\":\"PASSWORD=\\u0022{Planted} x\\u0022 is wrong\"}}", "{\"message\":\"PASSWORD=\\\"(redacted)\\\" is wrong\"}")]
    [InlineData($"{{\"message\":\"password=\",\"clientSecret\":\"{Planted}\",\"n\":[1,null,true]}}", "{\"message\":\"password=\",\"clientSecret\":\"(redacted)\",\"n\":[1,null,true]}")]
    [InlineData("{\"secrets\":{\"files\":3},\"passwordFile\":\"/etc/stella/catalog\"}", "{\"secrets\":{\"files\":3},\"passwordFile\":\"/etc/stella/catalog\"}")]
    public void A_document_stays_one_and_loses_its_secrets(string document, string expected) =>
        Assert.Equal(expected, new SecretScrub("bearer-of-this-run").CleanJson(document, indented: false));

    [Fact]
    public async Task An_archive_holds_its_parts_cleaned_and_is_never_written_over()
    {
        using var directory = new TemporaryDirectory("stella-diag-");
        var archive = new DiagnosticsArchive(new SecretScrub("bearer-of-this-run"), new DateTimeOffset(2026, 1, 17, 0, 0, 0, TimeSpan.Zero));
        archive.Add("stella.txt", $"password={Planted}");
        archive.AddMissing("status: bearer-of-this-run was refused");
        archive.WriteTo(directory["diag.tar.gz"]);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(directory["diag.tar.gz"]));
        Assert.Equal(["diag.tar.gz"], Directory.EnumerateFileSystemEntries(directory.Path).Select(Path.GetFileName));
        await using var packed = new GZipStream(File.OpenRead(directory["diag.tar.gz"]), CompressionMode.Decompress);
        await TarFile.ExtractToDirectoryAsync(packed, directory.Path, overwriteFiles: false, TestContext.Current.CancellationToken);
        Assert.Equal("password=(redacted)", await File.ReadAllTextAsync(directory["stella-diagnostics", "stella.txt"], TestContext.Current.CancellationToken));
        Assert.Equal("status: (redacted) was refused\n", await File.ReadAllTextAsync(directory["stella-diagnostics", "missing.txt"], TestContext.Current.CancellationToken));
        Assert.Equal(ErrorCodes.InvalidInput, Assert.Throws<BackupException>(() => archive.WriteTo(directory["diag.tar.gz"])).Error);
    }
}

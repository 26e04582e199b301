using StellaOps.Backup.Postgres.Checks;
using StellaOps.Backup.Postgres.Pages;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Postgres.Tests.Checks;

public sealed class OfflineChecksumsTests
{
    private const string Sums = "Checksum operation completed\nFiles scanned:   3\nBlocks scanned:  12\n";

    [Fact]
    public void A_program_that_read_everything_and_found_nothing_reports_no_problem()
    {
        var report = OfflineChecksums.Report(0, Sums + "Bad checksums:  0\nData checksum version: 1\n");
        Assert.Equal(12L, report.Pages);
        Assert.Empty(report.Problems);
    }

    [Fact]
    public void Damage_is_reported_as_the_program_names_it()
    {
        const string Damage = "pg_checksums: error: checksum verification failed in file \"base/5/16384\", block 7: calculated checksum 1 but block contains 2";
        Assert.Equal([Damage], OfflineChecksums.Report(1, $"{Sums}Bad checksums:  1\n{Damage}\n").Problems);
    }

    [Theory]
    [InlineData(137, "", "pg_checksums ended with 137: it said nothing")]
    [InlineData(127, "setpriv: failed to execute pg_checksums\n", "pg_checksums ended with 127: setpriv: failed to execute pg_checksums")]
    [InlineData(0, "Files scanned:   3\n", "pg_checksums ended with 0: Files scanned:   3")]
    public void A_program_that_did_not_read_everything_has_proved_nothing(int status, string output, string problem) =>
        Assert.Equal([problem], OfflineChecksums.Report(status, output).Problems);

    [Fact]
    public async Task The_own_check_believes_no_page_for_the_position_that_it_claims()
    {
        using var home = new TemporaryDirectory();
        Directory.CreateDirectory(home["base", "5"]);
        var page = new byte[PageChecksums.PageSize];
        Array.Fill(page, (byte)0xFF);
        await File.WriteAllBytesAsync(home["base", "5", "16384"], page, TestContext.Current.CancellationToken);
        var report = await OfflineChecksums.RunAsync(home.Path, binDirectory: home.Path, runAs: null, TestContext.Current.CancellationToken);
        Assert.Equal(1L, report.Pages);
        Assert.Equal(["base/5/16384: block 0 contradicts its checksum"], report.Problems);
    }
}

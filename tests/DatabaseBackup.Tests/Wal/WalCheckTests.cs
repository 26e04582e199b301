using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.DatabaseBackup.Wal;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.DatabaseBackup.Tests.Wal;

public sealed class WalCheckTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_that_is_to_push_its_wal_and_fails_to_fails_the_check()
    {
        using var home = new TemporaryDirectory();
        await using var server = await PrivatePostgres.StartAsync(15, new Dictionary<string, string> { ["archive_mode"] = "on", ["archive_command"] = "false" }, Cancelled);
        var settings = new DatabaseSettings
        {
            ConnectionString = server.ConnectionString,
            Wal = new WalSettings { Enabled = true, Stream = false, Recipients = [X25519Identity.Generate().Recipient.ToString()], SpoolDirectory = home["spool"] },
        };
        using var service = new WalService(settings, Options.Create(new LocationSettings { Url = home["location"] }), TimeProvider.System, NullLogger<WalService>.Instance);
        var check = new WalCheck(settings, service, TimeProvider.System);
        await service.StartAsync(Cancelled);
        try
        {
            await server.ExecuteAsync("CREATE TABLE load (body text); SELECT pg_switch_wal()", cancellationToken: Cancelled);
            var result = await check.RunAsync(Cancelled);
            for (var tries = 0; result.Status != "fail"; tries++)
            {
                Assert.NotEqual("pass", result.Status);
                Assert.True(tries < 600, result.Message);
                await Task.Delay(100, Cancelled);
                result = await check.RunAsync(Cancelled);
            }

            Assert.Contains("the server's archive_command fails", result.Message, StringComparison.Ordinal);
        }
        finally
        {
            await service.StopAsync(CancellationToken.None);
        }
    }
}

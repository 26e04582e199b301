using System.Globalization;
using System.Security.Cryptography;
using Npgsql;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.EndToEnd.Tests.Stack;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.EndToEnd.Tests;

/// <summary>INC-003 of the runbook. Mounts a small file system over the location of the stack, so it runs alone, as root: <c>--explicit only</c>.</summary>
public sealed class FullDiskTests(LocalStack stack)
{
    private const int Large = 4 << 20, Small = 1 << 20;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task A_location_that_is_full_to_the_last_byte_is_emptied_by_the_commands_of_the_runbook()
    {
        var saved = stack.Scratch("location");
        (await Processes.RunAsync("cp", ["-a", "-T", stack.Location, saved], cancellationToken: Token)).Checked();
        await using var disk = await SmallDisk.MountAsync(stack.Location, "160m", Token);
        (await Processes.RunAsync("cp", ["-a", "-T", saved, stack.Location], cancellationToken: Token)).Checked();
        for (var i = 1; i <= 6; i++)
        {
            await ChangeAsync(Large);
            await stack.Stella.OkAsync($"backup create --type config --name c{i}", Token);
        }

        await stack.Stella.OkAsync("backup pin --name c1", Token);
        await FillAsync(disk);
        Assert.True(await FreeShareAsync() < 0.10, "StellaBackupStorageFull would not fire");
        Assert.InRange((await stack.Stella.JsonAsync<StorageView>("backup storage stats", Token)).FreeBytes!.Value, 0, Small);
        await EmptyAsync("cleanup --keep-last 3", ["c6", "c5", "c4", "c1"], "n1");

        await FillAsync(disk);
        await AgeAsync(20, "c1", "c4", "c5");
        await EmptyAsync("delete --older-than 14d --confirm", ["n1", "c6", "c1"], "n2");

        await FillAsync(disk);
        await AgeAsync(100, "c1", "c6");
        await EmptyAsync("retention apply --force", ["n2", "n1", "c1"], "n3");
    }

    /// <summary>Takes all room, and sees a backup end as it has to.</summary>
    private async Task FillAsync(SmallDisk disk)
    {
        await ChangeAsync(Small);
        await disk.FillAsync(Token);
        await stack.Stella.RefusedAsync(22, "backup create --type config --name refused", Token);
    }

    /// <summary>The command needs no free byte; what it keeps is whole, and the next backup has room.</summary>
    private async Task EmptyAsync(string command, string[] kept, string next)
    {
        await stack.Stella.OkAsync($"backup {command}", Token);
        var points = await stack.Stella.JsonAsync<Page<PointView>>("backup list --type config", Token);
        Assert.Equal(kept.Order(), points.Items.Select(point => point.Name).Order());
        await stack.Stella.OkAsync($"backup create --type config --name {next}", Token);
        foreach (var name in kept.Append(next))
        {
            await stack.Stella.OkAsync($"backup verify --name {name}", Token);
        }
    }

    private Task ChangeAsync(int bytes) => File.WriteAllBytesAsync(Path.Combine(stack.Platform.DirectoryOf("config"), "blob.bin"), RandomNumberGenerator.GetBytes(bytes), Token);

    /// <summary>Free part of the location by the metrics that the alert looks at.</summary>
    private async Task<double> FreeShareAsync()
    {
        var coordinator = await stack.CoordinatorAsync(Token);
        using var http = new HttpClient();
        var metrics = (await http.GetStringAsync(new Uri($"{coordinator}/metrics"), Token)).Split('\n');
        return Value("stella_location_free_bytes") / Value("stella_location_size_bytes");

        double Value(string name) => double.Parse(metrics.Single(line => line.StartsWith($"{name} ", StringComparison.Ordinal))[(name.Length + 1)..], CultureInfo.InvariantCulture);
    }

    /// <summary>Makes points older in the catalog.</summary>
    private async Task AgeAsync(int days, params string[] names)
    {
        var settings = (await stack.SettingsAsync(Token)).GetProperty("Coordinator");
        var password = (await File.ReadAllLinesAsync(settings.GetProperty("CatalogPasswordFile").GetString()!, Token))[0];
        await using var source = NpgsqlDataSource.Create($"{settings.GetProperty("Catalog").GetString()};Password={password};Pooling=false");
        await using var command = source.CreateCommand("UPDATE points SET finished_at = finished_at - $1 WHERE name = ANY ($2)");
        command.Parameters.AddWithValue(TimeSpan.FromDays(days));
        command.Parameters.AddWithValue(names);
        Assert.Equal(names.Length, await command.ExecuteNonQueryAsync(Token));
    }
}

using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Cli.Tests;

/// <summary><c>stella wal push</c>, as PostgreSQL calls it for a segment of a real server.</summary>
public sealed class WalPushTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new("stella-push-");
    private readonly StellaProgram _stella = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_segment_is_archived_once_and_never_into_a_place_that_is_no_location()
    {
        await using var server = await PrivatePostgres.StartAsync(15, new Dictionary<string, string>(), Cancel);
        await server.ExecuteAsync("SELECT pg_switch_wal()", cancellationToken: Cancel);
        var segment = Directory.GetFiles(Path.Combine(server.DataDirectory, "pg_wal"), "0*").Order(StringComparer.Ordinal).First();
        var recipient = (await StellaAsync("keygen", _directory["identity"])).Output.Trim();
        var location = Directory.CreateDirectory(_directory["location"]).FullName;

        // The directory of a disk that is not mounted: PostgreSQL has to keep the segment.
        var unmounted = await PushAsync(segment);
        Assert.Equal(10, unmounted.ExitCode);
        Assert.Contains("is it mounted?", unmounted.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(location));

        await using var store = new LocalObjectStore(location);
        await LocationFile.EnsureAsync(store, Cancel);
        Assert.Equal((0, "archived\n"), await SaidAsync(segment));
        Assert.Equal((0, "was archived already\n"), await SaidAsync(segment));

        var archived = Directory.GetFiles(location, "*.zst.age", SearchOption.AllDirectories).Single();
        (await Processes.RunAsync("sh", ["-c", "age -d -i \"$1\" \"$2\" | zstd -dq > \"$3\"", "sh", _directory["identity"], archived, _directory["opened"]], cancellationToken: Cancel)).Checked();
        Assert.Equal(await File.ReadAllBytesAsync(segment, Cancel), await File.ReadAllBytesAsync(_directory["opened"], Cancel));

        var other = Path.Combine(Directory.CreateDirectory(_directory["other"]).FullName, Path.GetFileName(segment));
        var bytes = await File.ReadAllBytesAsync(segment, Cancel);
        bytes[^100] ^= 1;
        await File.WriteAllBytesAsync(other, bytes, Cancel);
        Assert.Equal(20, (await PushAsync(other)).ExitCode);
        Assert.Single(Directory.GetFiles(location, "*.zst.age", SearchOption.AllDirectories));

        Task<ProcessResult> PushAsync(string path) => StellaAsync("wal", "push", path, "--location", location, "--recipient", recipient);

        async Task<(int, string)> SaidAsync(string path) => await PushAsync(path) is var result ? (result.ExitCode, result.Error) : default;
    }

    public void Dispose()
    {
        _stella.Dispose();
        _directory.Dispose();
    }

    private Task<ProcessResult> StellaAsync(params string[] arguments) =>
        Processes.RunAsync(StellaProgram.Path, arguments, _stella.EnvironmentFor(null), cancellationToken: Cancel);
}

using StellaOps.Backup.Contracts;
using StellaOps.Backup.EndToEnd.Tests.Stack;

namespace StellaOps.Backup.EndToEnd.Tests;

/// <summary>Disks lie: whatever happens to a repository is found, named, and never restored.</summary>
public sealed class DamageTests(LocalStack stack)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("flipped-bit", "data")]
    [InlineData("truncated-pack", "data", Explicit = true)]
    [InlineData("missing-pack", "data", Explicit = true)]
    [InlineData("missing-index", "index")]
    public async Task Damage_is_found_and_named_and_nothing_is_restored_from_it(string kind, string folder)
    {
        var name = $"damage-{kind}";
        var marker = Path.Combine(stack.Platform.DirectoryOf("config"), $"{kind}.yaml");
        await File.WriteAllTextAsync(marker, $"unique: {Guid.NewGuid()}\n", Token);
        await stack.Stella.OkAsync($"backup create --type config --name {name}", Token);
        var repository = Path.Combine(stack.Location, Component.Config.Name());
        var saved = stack.Scratch($"saved-{kind}");
        await CopyAsync(repository, saved);
        foreach (var file in Directory.GetFiles(Path.Combine(repository, folder), "*", SearchOption.AllDirectories))
        {
            Damage(kind, file);
        }

        try
        {
            var error = await stack.Stella.RefusedAsync(20, $"backup verify --name {name}", Token);
            Assert.Contains(name, error, StringComparison.Ordinal);
            Assert.Contains("config", error, StringComparison.Ordinal);
            var damaged = await stack.Stella.PointAsync(name, Token);
            Assert.Equal("damaged", damaged.Proof);

            var live = await TreePrint.OfAsync(stack.Platform.DirectoryOf("config"), Token);
            await stack.Stella.RefusedAsync(20, $"backup restore --name {name} --confirm", Token);
            Assert.Equal(live, await TreePrint.OfAsync(stack.Platform.DirectoryOf("config"), Token));
        }
        finally
        {
            Directory.Delete(repository, recursive: true);
            await CopyAsync(saved, repository);
        }

        await stack.Stella.OkAsync($"backup verify --name {name}", Token);
    }

    private static void Damage(string kind, string file)
    {
        switch (kind)
        {
            case "flipped-bit":
                FlipMiddleBit(file);
                break;
            case "truncated-pack":
                Truncate(file);
                break;
            default:
                File.Delete(file);
                break;
        }
    }

    private static void FlipMiddleBit(string file)
    {
        using var stream = new FileStream(file, Writable(file), FileAccess.ReadWrite);
        stream.Position = stream.Length / 2;
        var value = stream.ReadByte();
        stream.Position--;
        stream.WriteByte((byte)(value ^ 0x10));
    }

    private static void Truncate(string file)
    {
        using var stream = new FileStream(file, Writable(file), FileAccess.ReadWrite);
        stream.SetLength(stream.Length / 2);
    }

    private static FileMode Writable(string file)
    {
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return FileMode.Open;
    }

    private static async Task CopyAsync(string from, string to) =>
        (await Testing.Machine.Processes.RunAsync("cp", ["-a", "-T", from, to], cancellationToken: Token)).Checked();
}

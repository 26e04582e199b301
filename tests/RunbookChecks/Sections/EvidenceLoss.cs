using StellaOps.Backup.Testing.Stack;

namespace StellaOps.Backup.RunbookChecks.Sections;

/// <summary>The evidence locker is gone, and its index with it.</summary>
internal sealed class EvidenceLoss : Section
{
    private const string Point = "locker";

    public override string Id => "DR-003";

    public override async Task RunAsync(Desk desk, CancellationToken cancellationToken)
    {
        var locker = desk.Platform.DirectoryOf("evidence");
        desk.Fill["<backup-name>"] = Point;
        await desk.Stella.OkAsync($"backup create --type evidence --name {Point}", cancellationToken);
        var print = await TreePrint.OfAsync(locker, cancellationToken);
        Directory.Delete(locker, recursive: true);
        await desk.Stella.RefusedAsync(10, "evidence verify --mode quick", cancellationToken);

        await desk.TypeAsync("stella backup restore --type evidence --name <backup-name>", async typed =>
        {
            Assert.Contains($"Type '{Point}'", typed.Output, StringComparison.Ordinal);
            Assert.Equal(print, await TreePrint.OfAsync(locker, cancellationToken));
        }, cancellationToken, answer: Point);

        var index = Path.Combine(locker, "index.json");
        var bytes = await File.ReadAllBytesAsync(index, cancellationToken);
        File.Delete(index);
        await desk.TypeAsync("stella evidence index rebuild", async _ => Assert.Equal(bytes, await File.ReadAllBytesAsync(index, cancellationToken)), cancellationToken);
        await desk.TypeAsync("stella evidence anchor verify --all", async _ => await desk.Stella.OkAsync("evidence verify --mode full", cancellationToken), cancellationToken);
    }
}

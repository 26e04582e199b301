using System.Globalization;
using System.CommandLine;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Storage;

/// <summary><c>stella backup storage stats</c>.</summary>
internal sealed class StorageStatsCommand : StellaCommand
{
    public StorageStatsCommand()
        : base("stats", "Show how much each component takes in the location, what is free, and how fast it grows") =>
        Examples = ["stella backup storage stats", "stella backup storage stats --format json"];

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var view = await session.Api.GetAsync<StorageView>(Routes.Storage, cancellationToken);
        session.Print(view, output => Write(output, view));
        return 0;
    }

    private static void Write(TextWriter output, StorageView view)
    {
        var table = new TextTable("PART", "POINTS", "OBJECTS", "SIZE", "RESTORE SIZE", "RATIO", "ADDED A DAY").Right(1, 2, 3, 4, 5, 6);
        foreach (var one in view.Usage)
        {
            table.Add(
                one.Name,
                one.Points is { } points ? Units.Count(points) : "-",
                Units.Count(one.Objects),
                Units.Size(one.Bytes),
                one.RestoreBytes is { } restore ? Units.Size(restore) : "-",
                one.Ratio is { } ratio ? string.Create(CultureInfo.InvariantCulture, $"{ratio:0.0}x") : "-",
                Units.Size(one.AddedBytesPerDay));
        }

        table.Add("all", "-", Units.Count(view.Objects), Units.Size(view.Bytes), "-", "-", Units.Size(view.AddedBytesPerDay));
        table.WriteTo(output);
        output.WriteLine();
        var facts = new Facts();
        facts.Add("location", view.Location);
        facts.Add("free", Free(view));
        facts.Add("full", view.DaysUntilFull is { } days ? string.Create(CultureInfo.InvariantCulture, $"in {days:0.#} days, if as much is added and nothing dropped") : null);
        facts.WriteTo(output);
    }

    private static string? Free(StorageView view) => (view.FreeBytes, view.SizeBytes) switch
    {
        ({ } free, { } size and > 0) => string.Create(CultureInfo.InvariantCulture, $"{Units.Size(free)} of {Units.Size(size)} ({100.0 * free / size:0} %)"),
        _ => null,
    };
}

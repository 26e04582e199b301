using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Parsing;
using StellaOps.Backup.Cli.Repositories;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Repository.Pruning;

namespace StellaOps.Backup.Cli.Commands.Repo;

/// <summary><c>stella repo prune</c>.</summary>
internal sealed class RepoPruneCommand : RepoCommand
{
    private readonly SpanOption _grace = new("--grace", "How long packs that nothing needs are kept outside the index, 24h by default; 0 deletes them at once", orNone: true);
    private readonly Option<double> _maxUnused = new("--max-unused") { Description = "Percent of unused bytes that may stay in packs that are partly used (5)", HelpName = "PERCENT", DefaultValueFactory = _ => 5, CustomParser = ReadPercent };
    private readonly Option<bool> _dropForgotten = new("--drop-forgotten") { Description = "Remove the data of forgotten snapshots now; they cannot be brought back" };
    private readonly Option<bool> _emergency = new("--emergency") { Description = "For a full store: delete first, write nothing before, end every grace" };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Print the plan" };
    private readonly Option<bool> _confirm = new("--confirm") { Description = "Do it without asking" };

    public RepoPruneCommand()
        : base("prune", "Remove the data that no snapshot needs, a day after it left the index")
    {
        AddAll(_grace, _maxUnused, _dropForgotten, _emergency, _dryRun, _confirm);
        Examples =
        [
            "stella repo prune --repo /srv/backups/evidence --password-file /etc/stella/evidence.password --dry-run",
            "stella repo prune --confirm --retry-lock 1h",
            "stella repo prune --emergency --confirm",
        ];
    }

    protected override string AfterInterrupt => "The repository is whole; the next prune goes on.";

    protected override async Task<int> RunAsync(RepositoryRun run, CancellationToken cancellationToken)
    {
        var options = new PruneOptions
        {
            Grace = run.Value(_grace) ?? new PruneOptions().Grace,
            MaxUnused = run.Value(_maxUnused) / 100,
            DropForgotten = run.Value(_dropForgotten),
            Emergency = run.Value(_emergency),
            DryRun = run.Value(_dryRun),
            OnPlanned = plan => Announce(run, plan),
        };
        var repository = await run.OpenAsync(cancellationToken);
        if (!options.DryRun)
        {
            var ends = options.DropForgotten || options.Emergency ? ", and ends the grace of forgotten snapshots" : "";
            await run.Session.RequireAsync(
                run.Value(_confirm), $"this deletes what no snapshot of {repository.Store.Description} needs{ends}", repository.Id[..8],
                "the same command with --confirm (or with --dry-run)", cancellationToken);
        }

        run.Progress.Begin("prune");
        var report = await repository.PruneAsync(options, cancellationToken);
        await run.DisposeAsync();
        run.Session.PrintResult(PruneView.Of(report), output => output.WriteLine(Summary(report)));
        return 0;
    }

    private static string Summary(PruneReport report) => report.DryRun
        ? "dry run: nothing was changed"
        : $"{Units.Size(report.BytesBefore)} before, {Units.Size(report.BytesAfter)} after; {report.PacksDeleted} packs deleted, "
            + $"{report.PacksMarked} marked, {report.PacksRepacked} repacked, {report.PacksRestored} put back into the index";

    private static void Announce(RepositoryRun run, PrunePlan plan)
    {
        foreach (var warning in plan.Warnings)
        {
            run.Session.Remark($"warning: {warning}");
        }

        var table = new TextTable("DO", "PACKS", "SIZE", "NEEDED", "WHY").Right(1).Right(2).Right(3);
        foreach (var row in plan.Packs)
        {
            table.Add(Word(row.Fate), Units.Count(row.Packs), Units.Size(row.Bytes), Units.Size(row.UsedBytes), row.Why);
        }

        using var text = new StringWriter(CultureInfo.InvariantCulture);
        table.WriteTo(text);
        run.Session.Remark(text.ToString().TrimEnd());
        if (plan.ForgottenKept > 0)
        {
            run.Session.Remark($"{plan.ForgottenKept} forgotten snapshots can be brought back; only they need {Units.Size(plan.BytesHeldByForgotten)} in whole packs; the first expires {Units.Time(plan.NextForgottenExpiry)}");
        }
    }

    private static string Word(PackFate fate) => fate.ToString().ToLowerInvariant();

    private static double ReadPercent(ArgumentResult result)
    {
        var text = result.Tokens[0].Value.TrimEnd('%');
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent) && percent is >= 0 and <= 100)
        {
            return percent;
        }

        result.AddError($"'{text}' is not a percentage; write a number from 0 to 100");
        return default;
    }

    internal sealed record PruneView(
        bool DryRun, IReadOnlyList<PruneRow> Plan, int Snapshots, int ForgottenKept, int ForgottenDropped, DateTimeOffset? NextExpiry, long BytesHeldByForgotten,
        long PacksKept, long PacksRepacked, long PacksMarked, long PacksRestored, long PacksDeleted, long BytesBefore, long BytesAfter, IReadOnlyList<string> Warnings)
    {
        public static PruneView Of(PruneReport report) => new(
            report.DryRun, [.. report.Plan.Packs.Select(row => new PruneRow(Word(row.Fate), row.Why, row.Packs, row.Bytes, row.UsedBytes))],
            report.Plan.Snapshots, report.Plan.ForgottenKept, report.Plan.ForgottenDropped, report.Plan.NextForgottenExpiry, report.Plan.BytesHeldByForgotten,
            report.PacksKept, report.PacksRepacked, report.PacksMarked, report.PacksRestored, report.PacksDeleted, report.BytesBefore, report.BytesAfter, report.Plan.Warnings);
    }

    internal sealed record PruneRow(string Do, string Why, long Packs, long Bytes, long NeededBytes);
}

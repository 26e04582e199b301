using System.CommandLine;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Workers;

namespace StellaOps.Backup.Cli.Commands.Doctor;

/// <summary><c>stella doctor</c>.</summary>
internal sealed class DoctorCommand : StellaCommand
{
    private readonly Option<string[]> _checks = new("--check")
    {
        Description = "Only these checks", HelpName = "C[,C]", Arity = ArgumentArity.OneOrMore,
        CustomParser = result => [.. result.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))],
    };
    private readonly Option<string[]> _categories = new("--category")
    {
        Description = "Only checks of these categories: core, storage, source, security ...", HelpName = "C[,C]", Arity = ArgumentArity.OneOrMore,
        CustomParser = result => [.. result.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))],
    };
    private readonly Option<bool> _all = new("--all") { Description = "Every check that exists" };

    public DoctorCommand()
        : base("doctor", "Check the backup system and what it needs; changes nothing")
    {
        Add(_checks);
        Add(_categories);
        Add(_all);
        Examples =
        [
            "stella doctor --all",
            "stella doctor --check check.storage.diskspace,check.storage.backup",
            "stella doctor --category storage",
        ];
    }

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var request = new DoctorRequest { Checks = parsed.GetValue(_checks) ?? [], Categories = parsed.GetValue(_categories) ?? [], All = parsed.GetValue(_all) };
        var report = await session.Api.PostAsync<DoctorReport>(Routes.Doctor, request, ApiClient.Long, cancellationToken);
        session.Print(report, output => Write(output, report.Checks, session.Settings.Verbose));
        var failed = report.Checks.Where(check => check.Status == "fail").Select(check => check.Check).Distinct().ToList();
        return failed.Count == 0
            ? 0
            : throw new BackupException(ErrorCodes.ChecksFailed, $"failed: {string.Join(", ", failed)}");
    }

    private static void Write(TextWriter output, IReadOnlyList<CheckResult> checks, bool verbose)
    {
        var table = new TextTable("STATUS", "CHECK", "SUBJECT", "MESSAGE");
        foreach (var check in checks)
        {
            table.Add(check.Status, check.Check, check.Subject ?? "-", check.Message);
        }

        table.WriteTo(output);
        foreach (var check in checks.Where(check => verbose || check.Status is "warn" or "fail"))
        {
            WriteDetail(output, check);
        }
    }

    private static void WriteDetail(TextWriter output, CheckResult check)
    {
        if (check.Evidence.Count == 0 && check.Remedy.Count == 0)
        {
            return;
        }

        output.WriteLine();
        output.WriteLine($"{check.Check}{(check.Subject is { } subject ? $" ({subject})" : "")}:");
        var facts = new Facts();
        foreach (var (name, value) in check.Evidence.OrderBy(fact => fact.Key, StringComparer.Ordinal))
        {
            facts.Add(name, value);
        }

        facts.WriteTo(output, "  ");
        foreach (var remedy in check.Remedy)
        {
            output.WriteLine($"  try: {remedy}");
        }
    }
}

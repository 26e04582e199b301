using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Postgres.Checks;

namespace StellaOps.Backup.DatabaseBackup.Integrity;

/// <summary>Collects what the checks found, bounded like the lists in a message.</summary>
internal sealed class IntegrityFindings
{
    private readonly List<IntegrityCheck> _checks = [];

    public IReadOnlyList<IntegrityCheck> Checks => _checks;

    public void Add(string check, string? database, CheckFindings found) => _checks.Add(new IntegrityCheck
    {
        Check = check,
        Database = database,
        Checked = found.Checked,
        ProblemCount = found.Problems.Count,
        Problems = [.. found.Problems.Take(IntegrityReport.MaxLines)],
        RemarkCount = found.Remarks.Count,
        Remarks = [.. found.Remarks.Take(IntegrityReport.MaxLines)],
    });

    public void AddNotChecked(string check, string? database, string reason) =>
        _checks.Add(new IntegrityCheck { Check = check, Database = database, Checked = 0, NotChecked = reason });
}

using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.EvidenceBackup.Lockers;

namespace StellaOps.Backup.EvidenceBackup.Checks;

/// <summary>What one check finds. Safe from any thread; the report shows lines in order, and the first of many.</summary>
internal sealed class Findings(string check)
{
    private readonly Lock _gate = new();
    private readonly List<string> _problems = [], _remarks = [];

    /// <summary>What was looked at.</summary>
    public long Checked { get; set; }

    /// <summary>Why the check could not be made as a whole.</summary>
    public string? NotChecked { get; set; }

    public void Problem(string line)
    {
        lock (_gate)
        {
            _problems.Add(line);
        }
    }

    public void Remark(string line)
    {
        lock (_gate)
        {
            _remarks.Add(line);
        }
    }

    public IntegrityCheck ToCheck() => new()
    {
        Check = check,
        Checked = Checked,
        NotChecked = NotChecked,
        ProblemCount = _problems.Count,
        Problems = First(_problems),
        RemarkCount = _remarks.Count,
        Remarks = First(_remarks),
    };

    /// <summary>The first lines in the order of paths.</summary>
    public static IReadOnlyList<string> First(IEnumerable<string> lines) => [.. lines.Order(PathOrder.Instance).Take(IntegrityReport.MaxLines)];
}

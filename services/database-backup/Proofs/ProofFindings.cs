namespace StellaOps.Backup.DatabaseBackup.Proofs;

/// <summary>What a proof found, and what contradicts it.</summary>
internal sealed class ProofFindings
{
    private readonly List<string> _findings = [];
    private readonly List<string> _problems = [];

    public IReadOnlyList<string> Findings => _findings;

    public IReadOnlyList<string> Problems => _problems;

    /// <summary>Adds a finding, unless there are problems: then only these.</summary>
    public void Add(string finding, params IEnumerable<string> problems)
    {
        var before = _problems.Count;
        _problems.AddRange(problems);
        if (_problems.Count == before)
        {
            _findings.Add(finding);
        }
    }
}

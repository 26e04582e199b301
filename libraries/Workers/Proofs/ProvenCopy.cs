using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Workers.Comparison;
using StellaOps.Backup.Workers.Scratch;

namespace StellaOps.Backup.Workers.Proofs;

/// <summary>A restored copy that equals its snapshot; a scratch copy is removed when this is disposed.</summary>
public sealed class ProvenCopy : IAsyncDisposable
{
    private readonly ScratchSpace? _scratch;
    private readonly ComparisonReport _report;
    private readonly IReadOnlyList<string> _warnings;

    internal ProvenCopy(ScratchSpace? scratch, string directory, ComparisonReport report, IReadOnlyList<PhaseTime> phases, IReadOnlyList<string> warnings)
    {
        (_scratch, Directory, _report, Phases, _warnings) = (scratch, directory, report, phases, warnings);
    }

    /// <summary>Where the copy is.</summary>
    public string Directory { get; }

    public IReadOnlyList<PhaseTime> Phases { get; }

    /// <summary>The proof, with further findings and phases of the handler.</summary>
    public ProofResult ToProof(IEnumerable<string> findings, IEnumerable<PhaseTime> phases) => new()
    {
        Depth = ProofDepth.Restored,
        FilesChecked = _report.EqualFiles,
        BytesChecked = _report.EqualBytes,
        Phases = [.. Phases, .. phases],
        Findings =
        [
            $"{_report.EqualFiles} files with {_report.EqualBytes} bytes restored; content, mode and time of each are those of the snapshot",
            .. _warnings,
            .. findings,
        ],
    };

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _scratch?.DisposeAsync() ?? ValueTask.CompletedTask;
}

using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Workers.Comparison;
using StellaOps.Backup.Workers.Scratch;
using StellaOps.Backup.Workers.Targets;

namespace StellaOps.Backup.Workers.Proofs;

/// <summary>A restored copy that equals its snapshot; a scratch copy is removed when this is disposed.</summary>
public sealed class ProvenCopy : IAsyncDisposable
{
    private readonly ScratchSpace? _scratch;
    private readonly TargetClaim? _claim;
    private readonly ComparisonReport _report;
    private readonly IReadOnlyList<string> _warnings;

    internal ProvenCopy(
        ScratchSpace? scratch, TargetClaim? claim, string directory, ComparisonReport report, IReadOnlyList<PhaseTime> phases, IReadOnlyList<string> warnings)
    {
        (_scratch, _claim, Directory, _report, Phases, _warnings) = (scratch, claim, directory, report, phases, warnings);
    }

    /// <summary>Where the copy is.</summary>
    public string Directory { get; }

    /// <summary>Files and directories at its top, without the marker of a target, and without links.</summary>
    public IReadOnlyList<string> Entries =>
        [.. System.IO.Directory.EnumerateFileSystemEntries(Directory).Where(entry => entry != _claim?.Marker && new FileInfo(entry).LinkTarget is null)];

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

    /// <summary>Nothing of the proof is left to be done: a copy in a named directory is the caller's from now on.</summary>
    public void Complete() => _claim?.Complete();

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _claim?.Dispose();
        return _scratch?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}

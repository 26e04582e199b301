using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Points;

namespace StellaOps.Backup.Cli.Output;

/// <summary>Words of the API as they are spelled in it.</summary>
internal static class Spelling
{
    public static string Of(OperationKind kind) => kind switch
    {
        OperationKind.TestRestore => "test-restore",
        OperationKind.VerifyIntegrity => "verify-integrity",
        OperationKind.VerifyEvidence => "verify-evidence",
        OperationKind.RebuildIndex => "rebuild-index",
        _ => kind.ToString().ToLowerInvariant(),
    };

    /// <summary>The kind in a sentence.</summary>
    public static string Noun(OperationKind kind) => kind switch
    {
        OperationKind.Verify => "verification",
        OperationKind.TestRestore => "test restore",
        OperationKind.Delete => "deletion",
        OperationKind.VerifyIntegrity => "integrity check",
        OperationKind.Migrate => "migration",
        OperationKind.VerifyEvidence => "evidence check",
        OperationKind.RebuildIndex => "index rebuild",
        OperationKind.Undelete => "undeletion",
        OperationKind.Trial => "trial of a backup",
        OperationKind.Archive => "archiving",
        OperationKind.Replicate => "copy to the secondary location",
        OperationKind.Diff => "comparison",
        _ => Of(kind),
    };

    public static string Of(Outcome outcome) => outcome.ToString().ToLowerInvariant();

    /// <summary>The outcome where there is one, else the state.</summary>
    public static string Of(OperationState state, Outcome? outcome) => outcome is { } known ? Of(known) : state.ToString().ToLowerInvariant();

    /// <summary>What a point holds; clusters other than the default one are named.</summary>
    public static string List(IEnumerable<ComponentSnapshot> snapshots) =>
        string.Join(',', snapshots.Select(snapshot => snapshot.Component.Title(snapshot.Cluster)));

    public static string List(IEnumerable<Component> components) => string.Join(',', components.Select(component => component.Name()));
}

namespace StellaOps.Backup.Contracts.Operations;

/// <summary>Names of operations as users, metrics and the audit log spell them.</summary>
public static class OperationKinds
{
    public static string Name(this OperationKind kind) => kind switch
    {
        OperationKind.Backup => "backup",
        OperationKind.Verify => "verify",
        OperationKind.TestRestore => "test-restore",
        OperationKind.Restore => "restore",
        OperationKind.Delete => "delete",
        OperationKind.VerifyIntegrity => "verify-integrity",
        OperationKind.Migrate => "migrate",
        OperationKind.Retention => "retention",
        OperationKind.VerifyEvidence => "verify-evidence",
        OperationKind.RebuildIndex => "rebuild-index",
        OperationKind.Undelete => "undelete",
        OperationKind.Copy => "copy",
        OperationKind.Trial => "trial",
        OperationKind.Archive => "archive",
        OperationKind.Replicate => "replicate",
        OperationKind.Diff => "diff",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };
}

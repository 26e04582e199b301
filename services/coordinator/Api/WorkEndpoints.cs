using Microsoft.AspNetCore.Http.HttpResults;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Backups;
using StellaOps.Backup.Coordinator.Copies;
using StellaOps.Backup.Coordinator.Databases;
using StellaOps.Backup.Coordinator.Deletion;
using StellaOps.Backup.Coordinator.Diffs;
using StellaOps.Backup.Coordinator.Evidence;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Restores;
using StellaOps.Backup.Coordinator.Status;
using StellaOps.Backup.Coordinator.TestRestores;
using StellaOps.Backup.Coordinator.Trials;
using StellaOps.Backup.Coordinator.Undeletion;
using StellaOps.Backup.Coordinator.Verification;

namespace StellaOps.Backup.Coordinator.Api;

/// <summary>Requests that start work: each becomes a draft, is accepted, and is answered by 202 with the operation.</summary>
internal static class WorkEndpoints
{
    public static IEndpointRouteBuilder MapWork(this IEndpointRouteBuilder routes)
    {
        routes.MapPost(Routes.Backups, CreateBackupAsync).RequireAuthorization(Scopes.Run).WithTags("work");
        routes.MapPost(Routes.Trials, TryAsync).RequireAuthorization(Scopes.Run).WithTags("work");
        routes.MapPost(Routes.Verifications, VerifyAsync).RequireAuthorization(Scopes.Run).WithTags("work");
        routes.MapPost(Routes.TestRestores, TestRestoreAsync).RequireAuthorization(Scopes.Run).WithTags("work");
        routes.MapPost(Routes.Restores, RestoreAsync).RequireAuthorization(Scopes.Restore).WithTags("work");
        routes.MapPost(Routes.Copies, CopyAsync).RequireAuthorization(Scopes.Run).WithTags("work");
        routes.MapPost(Routes.Diffs, DiffAsync).RequireAuthorization(Scopes.Run).WithTags("work");
        routes.MapPost(Routes.Recoveries, RecoverAsync).RequireAuthorization(Scopes.Restore).WithTags("work");
        routes.MapPost(Routes.IntegrityChecks, CheckIntegrityAsync).RequireAuthorization(Scopes.Run).WithTags("work");
        routes.MapPost(Routes.Migrations, MigrateAsync).RequireAuthorization(Scopes.Restore).WithTags("work");
        routes.MapPost(Routes.EvidenceChecks, CheckEvidenceAsync).RequireAuthorization(Scopes.Run).WithTags("work");
        routes.MapPost(Routes.AnchorChecks, CheckAnchorsAsync).RequireAuthorization(Scopes.Run).WithTags("work");
        routes.MapPost(Routes.IndexRebuilds, RebuildIndexAsync).RequireAuthorization(Scopes.Restore).WithTags("work");
        routes.MapGet(Routes.Undeletions, (ForgottenPoints points, CancellationToken cancellationToken) => points.ListAsync(cancellationToken))
            .RequireAuthorization(Scopes.Read).WithTags("work");
        routes.MapPost(Routes.Undeletions, UndeleteAsync).RequireAuthorization(Scopes.Admin).WithTags("work");
        routes.MapDelete(Routes.Points + "/{nameOrId}", DeleteAsync).RequireAuthorization(Scopes.Admin).WithTags("work");
        return routes;
    }

    private static async Task<Accepted<OperationView>> CreateBackupAsync(
        CreateBackupRequest request, HttpContext context, OperationAcceptance acceptance, BackupDrafts drafts, BackupRetry retry, OperationViews views, CancellationToken cancellationToken)
    {
        var components = CallerOf.ComponentsOf(request.Types);
        var operation = await acceptance.AcceptAsync(CallerOf.Request(context, request), DraftAsync, cancellationToken);
        return await AcceptedAnswer.OfAsync(operation, views, cancellationToken);

        async Task<OperationDraft> DraftAsync(CancellationToken token)
        {
            var again = request.Retry ? await retry.NameAsync(components, request.Cluster, token) : null;
            return await drafts.DraftAsync(components, request.Cluster, request.Name ?? again, token);
        }
    }

    private static async Task<Accepted<OperationView>> TryAsync(
        TrialRequest request, HttpContext context, OperationAcceptance acceptance, TrialDrafts drafts, OperationViews views, CancellationToken cancellationToken)
    {
        var components = CallerOf.ComponentsOf(request.Types);
        var operation = await acceptance.AcceptAsync(CallerOf.Request(context, request), token => drafts.DraftAsync(components, request.Cluster, token), cancellationToken);
        return await AcceptedAnswer.OfAsync(operation, views, cancellationToken);
    }

    private static async Task<Accepted<OperationView>> VerifyAsync(
        VerifyRequest request, HttpContext context, OperationAcceptance acceptance, VerifyDrafts drafts, OperationViews views, CancellationToken cancellationToken)
    {
        var operation = await acceptance.AcceptAsync(CallerOf.Request(context, request), token => drafts.DraftAsync(request, token), cancellationToken);
        return await AcceptedAnswer.OfAsync(operation, views, cancellationToken);
    }

    private static async Task<Accepted<OperationView>> TestRestoreAsync(
        TestRestoreRequest request, HttpContext context, OperationAcceptance acceptance, TestRestoreDrafts drafts, OperationViews views, CancellationToken cancellationToken)
    {
        // What is restored stays there, secrets in clear among it, as after a restore into a directory.
        if (request.Target is not null)
        {
            CallerOf.RequireScope(context, Scopes.Restore, "a test-restore that leaves its copy in a directory");
        }

        var components = CallerOf.ComponentsOf(request.Types);
        var operation = await acceptance.AcceptAsync(CallerOf.Request(context, request), token => drafts.DraftAsync(request, components, token), cancellationToken);
        return await AcceptedAnswer.OfAsync(operation, views, cancellationToken);
    }

    private static async Task<Accepted<OperationView>> RestoreAsync(
        RestoreRequest request, HttpContext context, OperationAcceptance acceptance, RestoreChecks checks, RestoreDrafts drafts, OperationViews views, CancellationToken cancellationToken)
    {
        var components = CallerOf.ComponentsOf(request.Types);
        var archived = await checks.CheckAsync(request, components, cancellationToken);
        var operation = await acceptance.AcceptAsync(CallerOf.Request(context, request), token => drafts.DraftAsync(request, components, archived, token), cancellationToken);
        return await AcceptedAnswer.OfAsync(operation, views, cancellationToken);
    }

    private static async Task<Accepted<OperationView>> CopyAsync(
        CopyRequest request, HttpContext context, OperationAcceptance acceptance, CopyDrafts drafts, OperationViews views, CancellationToken cancellationToken)
    {
        var manifest = await drafts.CheckAsync(request, cancellationToken);
        var operation = await acceptance.AcceptAsync(CallerOf.Request(context, request), token => drafts.DraftAsync(request, manifest, token), cancellationToken);
        return await AcceptedAnswer.OfAsync(operation, views, cancellationToken);
    }

    private static async Task<Accepted<OperationView>> DiffAsync(
        DiffRequest request, HttpContext context, OperationAcceptance acceptance, DiffDrafts drafts, OperationViews views, CancellationToken cancellationToken)
    {
        var operation = await acceptance.AcceptAsync(CallerOf.Request(context, request), token => drafts.DraftAsync(request, token), cancellationToken);
        return await AcceptedAnswer.OfAsync(operation, views, cancellationToken);
    }

    private static async Task<Accepted<OperationView>> RecoverAsync(
        PointInTimeRequest request, HttpContext context, OperationAcceptance acceptance, RestoreChecks checks, RecoveryDrafts drafts, OperationViews views, CancellationToken cancellationToken)
    {
        var running = await checks.CheckAsync(request, cancellationToken);
        var operation = await acceptance.AcceptAsync(CallerOf.Request(context, request), token => drafts.DraftAsync(request, running, token), cancellationToken);
        return await AcceptedAnswer.OfAsync(operation, views, cancellationToken);
    }

    private static async Task<Accepted<OperationView>> CheckIntegrityAsync(
        VerifyIntegrityRequest request, HttpContext context, OperationAcceptance acceptance, DatabaseServer server, IntegrityDrafts drafts, OperationViews views, CancellationToken cancellationToken)
    {
        await server.RequireRunningAsync(cancellationToken);
        var operation = await acceptance.AcceptAsync(CallerOf.Request(context, request), token => drafts.DraftAsync(request, token), cancellationToken);
        return await AcceptedAnswer.OfAsync(operation, views, cancellationToken);
    }

    private static async Task<Accepted<OperationView>> MigrateAsync(
        MigrateRequest request, HttpContext context, OperationAcceptance acceptance, DatabaseServer server, MigrationDrafts drafts, OperationViews views, CancellationToken cancellationToken)
    {
        await server.RequireRunningAsync(cancellationToken);
        var operation = await acceptance.AcceptAsync(CallerOf.Request(context, request), token => drafts.DraftAsync(request, token), cancellationToken);
        return await AcceptedAnswer.OfAsync(operation, views, cancellationToken);
    }

    private static async Task<Accepted<OperationView>> CheckEvidenceAsync(
        EvidenceCheckRequest request, HttpContext context, OperationAcceptance acceptance, EvidenceDrafts drafts, OperationViews views, CancellationToken cancellationToken)
    {
        var operation = await acceptance.AcceptAsync(CallerOf.Request(context, request), token => drafts.DraftAsync(request, token), cancellationToken);
        return await AcceptedAnswer.OfAsync(operation, views, cancellationToken);
    }

    private static async Task<Accepted<OperationView>> CheckAnchorsAsync(
        AnchorCheckRequest request, HttpContext context, OperationAcceptance acceptance, EvidenceDrafts drafts, OperationViews views, CancellationToken cancellationToken)
    {
        var operation = await acceptance.AcceptAsync(CallerOf.Request(context, request), token => drafts.DraftAsync(request, token), cancellationToken);
        return await AcceptedAnswer.OfAsync(operation, views, cancellationToken);
    }

    private static async Task<Accepted<OperationView>> RebuildIndexAsync(
        RebuildIndexRequest request, HttpContext context, OperationAcceptance acceptance, EvidenceDrafts drafts, OperationViews views, CancellationToken cancellationToken)
    {
        var operation = await acceptance.AcceptAsync(CallerOf.Request(context, request), token => drafts.DraftAsync(request, token), cancellationToken);
        return await AcceptedAnswer.OfAsync(operation, views, cancellationToken);
    }

    private static async Task<Accepted<OperationView>> DeleteAsync(
        string nameOrId, bool? confirm, string? reason, HttpContext context, OperationAcceptance acceptance, DeleteDrafts drafts, OperationViews views, CancellationToken cancellationToken)
    {
        var operation = await acceptance.AcceptAsync(CallerOf.Request(context, new { confirm, reason }), token => drafts.DraftAsync(nameOrId, confirm ?? false, reason, token), cancellationToken);
        return await AcceptedAnswer.OfAsync(operation, views, cancellationToken);
    }

    private static async Task<Accepted<OperationView>> UndeleteAsync(
        UndeleteRequest request, HttpContext context, OperationAcceptance acceptance, UndeleteDrafts drafts, OperationViews views, CancellationToken cancellationToken)
    {
        var operation = await acceptance.AcceptAsync(CallerOf.Request(context, request), token => drafts.DraftAsync(request, token), cancellationToken);
        return await AcceptedAnswer.OfAsync(operation, views, cancellationToken);
    }
}

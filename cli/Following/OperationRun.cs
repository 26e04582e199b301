using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Cli.Settings;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;

namespace StellaOps.Backup.Cli.Following;

/// <summary>Starts an operation, watches it, prints what came of it, and gives it its exit status.</summary>
internal static class OperationRun
{
    /// <summary>Starts and, unless <paramref name="noWait"/>, follows to the end.</summary>
    public static async Task<int> StartAsync(
        this Session session, HttpMethod method, string path, object? body, bool noWait, CancellationToken cancellationToken)
    {
        var accepted = await session.Api.StartAsync(method, path, body, cancellationToken);
        if (noWait)
        {
            session.Print(accepted, output => output.WriteLine($"{accepted.Id}"));
            session.Remark($"{Describe(accepted)} was accepted; follow it: stella operation show {accepted.Id} --follow");
            return 0;
        }

        return await session.FollowAsync(accepted, cancellationToken);
    }

    /// <summary>Follows an operation that was started by whomever, and prints what came of it, or what <paramref name="print"/> does in its place.</summary>
    public static async Task<int> FollowAsync(this Session session, OperationView operation, CancellationToken cancellationToken, Func<Task>? print = null)
    {
        var ended = await session.WatchAsync(operation, View, cancellationToken);
        if (print is null)
        {
            return session.Conclude(ended);
        }

        await print();
        return Status(ended);
    }

    /// <summary>Starts work that is a part of a command, and follows it to an end that lets the command go on; prints nothing on standard output then.</summary>
    /// <exception cref="BackupException">It did not end as it should.</exception>
    public static async Task<OperationView> RunPartAsync(this Session session, string path, object body, CancellationToken cancellationToken)
    {
        var accepted = await session.Api.StartAsync(HttpMethod.Post, path, body, cancellationToken);
        var ended = await session.WatchAsync(accepted, watched => watched.Settings.Format == OutputFormat.Ndjson ? new NoProgress() : View(watched), cancellationToken);
        return ended.Outcome == Outcome.Complete ? ended : throw Failure(ended);
    }

    /// <summary>The view is closed before anything else is printed: what it drew it erases from where the cursor is then.</summary>
    private static async Task<OperationView> WatchAsync(this Session session, OperationView operation, Func<Session, IProgressView> open, CancellationToken cancellationToken)
    {
        session.TraceId = operation.TraceId;
        session.Remark($"{Describe(operation)}, operation {operation.Id}; Ctrl-C stops watching, not the work");
        try
        {
            await using var view = open(session);
            var follower = new OperationFollower(session.Api, view, session.Clock, session.Settings.Patience);
            return await follower.FollowAsync(operation.Id, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new BackupException(
                ErrorCodes.Detached,
                $"stopped watching operation {operation.Id}; it goes on",
                $"Watch it again: stella operation show {operation.Id} --follow. End it: stella operation cancel {operation.Id}");
        }
    }

    /// <summary>Prints a finished operation; 0 when it is complete.</summary>
    /// <exception cref="BackupException">It is not.</exception>
    public static int Conclude(this Session session, OperationView operation)
    {
        session.TraceId = operation.TraceId;
        if (session.Settings.Format != OutputFormat.Ndjson)
        {
            session.Print(operation, output => OperationReport.Write(output, operation));
        }

        return Status(operation);
    }

    private static int Status(OperationView operation) => operation.Outcome switch
    {
        Outcome.Complete => 0,
        Outcome.Incomplete => throw new BackupException(ErrorCodes.Incomplete, $"{Describe(operation)} is incomplete: {Missing(operation)}", operation.Error?.Hint),
        _ => throw Failure(operation),
    };

    private static IProgressView View(Session session) => session.Settings switch
    {
        { Format: OutputFormat.Ndjson } => new JsonLineProgress(session.Terminal.Out),
        { Format: OutputFormat.Json } or { Quiet: true } => new NoProgress(),
        _ when session.Terminal.IsLive => new LiveProgress(session.Terminal.Error),
        _ => new LineProgress(session.Terminal.Error, session.Clock),
    };

    private static string Describe(OperationView operation) =>
        $"{Spelling.Noun(operation.Kind)}{(operation.PointName is { } point ? $" of '{point}'" : "")}{(operation.DryRun ? " (dry run)" : "")}";

    private static string Missing(OperationView operation)
    {
        var items = operation.Tasks.Sum(task => task.Result?.MissingCount ?? 0);
        var failed = operation.Tasks.Where(task => task.State == "failed").Select(task => task.Component.Name()).Distinct().ToList();
        return string.Join(", ", new[]
        {
            items > 0 ? Lack(operation, items) : null,
            failed.Count > 0 ? $"{string.Join(", ", failed)} failed" : null,
        }.Where(part => part is not null).DefaultIfEmpty("see above"));
    }

    private static string Lack(OperationView operation, long items) => (operation.Kind, operation.DryRun, items) switch
    {
        (OperationKind.Restore, true, 1) => "1 item differs and would be left as it is",
        (OperationKind.Restore, true, _) => $"{Units.Count(items)} items differ and would be left as they are",
        (OperationKind.Restore, false, 1) => "1 item differs and was left as it is",
        (OperationKind.Restore, false, _) => $"{Units.Count(items)} items differ and were left as they are",
        (OperationKind.VerifyIntegrity, _, 1) => "1 check could not be made",
        (OperationKind.VerifyIntegrity, _, _) => $"{Units.Count(items)} checks could not be made",
        (OperationKind.VerifyEvidence or OperationKind.RebuildIndex, _, _) => operation.Error?.Message ?? "see above",
        _ => $"{Units.Count(items)} missing",
    };

    private static BackupException Failure(OperationView operation)
    {
        var error = operation.Error ?? operation.Tasks.Select(task => task.Error).FirstOrDefault(known => known is not null);
        return error is null
            ? new BackupException(ErrorCodes.Unexpected, $"{Describe(operation)} failed and the server did not say why")
            : new BackupException(
                ApiFailures.Row(error.Code),
                $"{Describe(operation)} {(error.Code == ErrorCodes.Cancelled.Code ? "did not finish" : "failed")}: {error.Message}",
                error.Hint);
    }
}

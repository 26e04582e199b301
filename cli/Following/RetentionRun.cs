using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Cli.Settings;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Following;

/// <summary>How far a run of the retention goes.</summary>
internal enum RetentionMode
{
    /// <summary>Decide and print.</summary>
    DryRun,

    /// <summary>Start it.</summary>
    NoWait,

    /// <summary>Start it and watch it to its end.</summary>
    Follow,
}

/// <summary>Runs the retention, or moves points to an archive: first what was decided about each point is printed, then what came of it.</summary>
internal static class RetentionRun
{
    public static Task<int> RunRetentionAsync(this Session session, RetentionRequest request, RetentionMode mode, CancellationToken cancellationToken) =>
        session.RunAsync(Routes.RetentionRuns, Routes.RetentionPreview, request, mode, cancellationToken);

    public static Task<int> RunArchivingAsync(this Session session, ArchiveRequest request, RetentionMode mode, CancellationToken cancellationToken) =>
        session.RunAsync(Routes.Archives, Routes.ArchivesPreview, request, mode, cancellationToken);

    private static async Task<int> RunAsync(this Session session, string route, string preview, object request, RetentionMode mode, CancellationToken cancellationToken)
    {
        if (mode == RetentionMode.DryRun)
        {
            var decided = await session.Api.PostAsync<RetentionReport>(preview, request, ApiClient.Brief, cancellationToken);
            session.Print(decided, output =>
            {
                RetentionText.Write(output, decided);
                output.WriteLine("dry run: nothing was changed");
            });
            return 0;
        }

        if (mode == RetentionMode.NoWait)
        {
            return await session.StartAsync(HttpMethod.Post, route, request, noWait: true, cancellationToken);
        }

        var accepted = await session.Api.StartAsync(HttpMethod.Post, route, request, cancellationToken);
        var address = Paging.Below(route, $"{accepted.Id}");
        if (session.Settings.Format == OutputFormat.Json)
        {
            return await session.FollowAsync(accepted, cancellationToken, async () =>
            {
                await session.FollowForgettingAsync(address, cancellationToken);
                session.Print(await session.Api.GetAsync<RetentionReport>(address, cancellationToken), _ => { });
            });
        }

        var report = await session.Api.GetAsync<RetentionReport>(address, cancellationToken);
        session.Print(report, output => RetentionText.Write(output, report));
        var status = await session.FollowAsync(accepted, cancellationToken);
        await session.FollowForgettingAsync(address, cancellationToken);
        return status;
    }

    /// <summary>What was archived leaves the location in an operation of its own. It is of the server's making, and goes on whoever watches.</summary>
    private static async Task FollowForgettingAsync(this Session session, string address, CancellationToken cancellationToken)
    {
        if (address.StartsWith(Routes.Archives, StringComparison.Ordinal)
            && await session.Api.GetAsync<RetentionReport>(address, cancellationToken) is { Forgetting: { } forgetting })
        {
            await session.FollowAsync(forgetting, cancellationToken, session.Settings.Format == OutputFormat.Json ? () => Task.CompletedTask : null);
        }
    }
}

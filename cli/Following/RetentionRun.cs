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

/// <summary>Runs the retention: first what it decided about each point is printed, then what came of it.</summary>
internal static class RetentionRun
{
    public static async Task<int> RunRetentionAsync(this Session session, RetentionRequest request, RetentionMode mode, CancellationToken cancellationToken)
    {
        if (mode == RetentionMode.DryRun)
        {
            var preview = await session.Api.PostAsync<RetentionReport>(Routes.RetentionPreview, request, ApiClient.Brief, cancellationToken);
            session.Print(preview, output =>
            {
                RetentionText.Write(output, preview);
                output.WriteLine("dry run: nothing was changed");
            });
            return 0;
        }

        if (mode == RetentionMode.NoWait)
        {
            return await session.StartAsync(HttpMethod.Post, Routes.RetentionRuns, request, noWait: true, cancellationToken);
        }

        var accepted = await session.Api.StartAsync(HttpMethod.Post, Routes.RetentionRuns, request, cancellationToken);
        var address = Paging.Below(Routes.RetentionRuns, $"{accepted.Id}");
        if (session.Settings.Format == OutputFormat.Json)
        {
            return await session.FollowAsync(accepted, cancellationToken, async () => session.Print(await session.Api.GetAsync<RetentionReport>(address, cancellationToken), _ => { }));
        }

        var report = await session.Api.GetAsync<RetentionReport>(address, cancellationToken);
        session.Print(report, output => RetentionText.Write(output, report));
        return await session.FollowAsync(accepted, cancellationToken);
    }
}

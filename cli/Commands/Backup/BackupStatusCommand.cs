using System.CommandLine;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Cli.Sessions;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup;

/// <summary><c>stella backup status</c>, and <c>stella status</c> for short.</summary>
internal sealed class BackupStatusCommand : StellaCommand
{
    public BackupStatusCommand()
        : base("status", "Show how each component and cluster stands, what runs, and which services are there") =>
        Examples = ["stella backup status"];

    protected override async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var status = await session.Api.GetAsync<StatusView>(Routes.Status, cancellationToken);
        session.Print(status, output => Write(output, status));
        return 0;
    }

    private static void Write(TextWriter output, StatusView status)
    {
        var facts = new Facts();
        facts.Add("location", status.Location);
        facts.Add("latest point", Point(status.LatestPoint));
        facts.Add("latest proven", Point(status.LatestProvenPoint));
        SecondaryText.Write(facts, status.Secondary);
        facts.WriteTo(output);
        output.WriteLine();
        var table = new TextTable("COMPONENT", "LAST SUCCESS", "LAST PROVEN", "SIZE", "POINTS", "WORKERS").Right(3, 4, 5);
        foreach (var component in status.Components)
        {
            table.Add(
                component.Component.Name(),
                Units.Time(component.LastSuccessAt) + (component.LastOutcome == Outcome.Incomplete ? " (incomplete)" : ""),
                Units.Time(component.LastProvenAt),
                component.Bytes is { } bytes ? Units.Size(bytes) : "-",
                Units.Count(component.Points),
                Units.Count(component.Workers));
        }

        table.WriteTo(output);
        ClusterReport.Write(output, status.Clusters);
        if (status.Schedules.Count > 0)
        {
            output.WriteLine();
            ScheduleReport.Write(output, status.Schedules);
        }

        output.WriteLine();
        ServiceReport.Write(output, status.Services);
        if (status.Running.Count > 0)
        {
            output.WriteLine();
            OperationList.Write(output, status.Running);
        }
    }

    private static string Point(PointView? point) =>
        point is null ? "none" : $"{point.Name}, taken {Units.Time(point.StartedAt)}, {Spelling.Of(point.Outcome)}, {point.Proof}";
}

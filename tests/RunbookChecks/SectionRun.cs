namespace StellaOps.Backup.RunbookChecks;

/// <summary>One section from its preparation to the last of its commands.</summary>
internal sealed class SectionRun(Section section, Deployment deployment, IReadOnlyList<RunbookLine> lines, Report report)
{
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var desk = new Desk(deployment, lines, report);
        var failed = false;
        try
        {
            await section.RunAsync(desk, cancellationToken);
        }
        catch (StepFailedException)
        {
            failed = true;
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            // The other sections are run all the same, and the table has to say what became of this one.
            report.AddUnprepared(section.Id, failure);
            failed = true;
        }

        foreach (var line in desk.Untyped)
        {
            report.AddUntyped(line);
        }

        if (failed)
        {
            await RepairAsync(cancellationToken);
        }
    }

    /// <summary>The next section finds everything running.</summary>
    private async Task RepairAsync(CancellationToken cancellationToken)
    {
        try
        {
            await deployment.UpAsync(cancellationToken);
            await deployment.Stack.Stella.OkAsync("service start --all", cancellationToken);
        }
        catch (InvalidOperationException failure)
        {
            report.AddUnprepared(section.Id, failure);
        }
    }
}

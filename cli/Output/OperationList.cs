using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Output;

/// <summary>Operations as text, a line for each.</summary>
internal static class OperationList
{
    public static void Write(TextWriter output, IReadOnlyList<OperationView> operations)
    {
        if (operations.Count == 0)
        {
            output.WriteLine("no operations");
            return;
        }

        var table = new TextTable("OPERATION", "KIND", "STATE", "ACCEPTED", "POINT");
        foreach (var operation in operations)
        {
            table.Add(
                $"{operation.Id}",
                operation.DryRun ? $"{Spelling.Of(operation.Kind)} (dry run)" : Spelling.Of(operation.Kind),
                Spelling.Of(operation.State, operation.Outcome),
                Units.Time(operation.AcceptedAt),
                operation.PointName ?? "-");
        }

        table.WriteTo(output);
    }
}

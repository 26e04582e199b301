using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Points;

namespace StellaOps.Backup.Cli.Output;

/// <summary>Recovery points as text.</summary>
internal static class PointReport
{
    public static void WriteList(TextWriter output, IReadOnlyList<PointView> points, string none)
    {
        if (points.Count == 0)
        {
            output.WriteLine(none);
            return;
        }

        var archived = points.Any(point => point.Archive is not null);
        var table = new TextTable(["NAME", "TAKEN", "COMPONENTS", "SIZE", "ADDED", "OUTCOME", "PROOF", "PROTECTED", .. archived ? ["ARCHIVED"] : Array.Empty<string>()]).Right(3, 4);
        foreach (var point in points)
        {
            table.Add([
                point.Name,
                Units.Time(point.StartedAt),
                Held(point),
                Units.Size(point.Bytes),
                Units.Size(point.BytesAdded),
                Spelling.Of(point.Outcome),
                point.Proof,
                ProtectionReport.Brief(point),
                .. archived ? [point.Archive?.Url ?? "-"] : Array.Empty<string>(),
            ]);
        }

        table.WriteTo(output);
    }

    public static void WriteOne(TextWriter output, PointView point)
    {
        var facts = new Facts();
        facts.Add("name", point.Name);
        facts.Add("id", $"{point.Id}");
        facts.Add("taken", $"{Units.Time(point.StartedAt)} to {Units.Time(point.FinishedAt)} ({Units.Duration(point.FinishedAt - point.StartedAt)})");
        facts.Add("components", Held(point));
        facts.Add("outcome", Spelling.Of(point.Outcome));
        facts.Add("proof", point.Proof);
        facts.Add("size", $"{Units.Size(point.Bytes)}, {Units.Size(point.BytesAdded)} added");
        ProtectionReport.Add(facts, point);
        facts.Add("archived", point.Archive is { } archive ? Place(archive) : null);
        foreach (var copy in point.Copies)
        {
            facts.Add("copy", Place(copy));
        }

        facts.WriteTo(output);
        output.WriteLine();
        WriteComponents(output, point.Components);
        foreach (var snapshot in point.Components)
        {
            WriteCut(output, snapshot);
        }

        WriteProofs(output, point.Proofs);
        foreach (var damage in point.Damages)
        {
            output.WriteLine($"damaged: {damage.Kind} {damage.Item}: {damage.Detail}");
        }

        if (Lacks(point, Component.Secrets))
        {
            output.WriteLine();
            output.WriteLine("note: this point holds a database and no secrets; columns that are encrypted with them need the secrets of another point");
        }
    }

    private static string Place(PointCopy copy) => $"{copy.Url}, {Units.Size(copy.Bytes)}, read back {Units.Time(copy.At)}";

    private static string Held(PointView point) =>
        point.Full ? Components.Full : Spelling.List(point.Components);

    private static void WriteComponents(TextWriter output, IReadOnlyList<ComponentSnapshot> snapshots)
    {
        var table = new TextTable("COMPONENT", "OUTCOME", "FILES", "SIZE", "ADDED", "DURATION", "SNAPSHOT").Right(2, 3, 4, 5);
        foreach (var snapshot in snapshots)
        {
            table.Add(
                snapshot.Component.Title(snapshot.Cluster),
                Spelling.Of(snapshot.Outcome),
                Units.Count(snapshot.Files),
                Units.Size(snapshot.Bytes),
                Units.Size(snapshot.BytesAdded),
                Units.Duration(snapshot.FinishedAt - snapshot.StartedAt),
                Units.ShortId(snapshot.SnapshotId));
        }

        table.WriteTo(output);
    }

    private static void WriteCut(TextWriter output, ComponentSnapshot snapshot)
    {
        var facts = new Facts();
        if (snapshot.Database is { } database)
        {
            facts.Add("server", $"PostgreSQL {database.ServerVersion}, system {database.SystemIdentifier}, timeline {database.Timeline}");
            facts.Add("LSN", $"{database.StartLsn} to {database.StopLsn}");
            facts.Add("page checksums", database.PageChecksums ? "on" : "off");
            facts.Add("read", Read(database, snapshot.BytesRead));
            foreach (var one in database.Databases)
            {
                AddDatabase(facts, one);
            }
        }

        if (snapshot.Evidence is { } evidence)
        {
            facts.Add("cut", $"{Units.Count(evidence.Files)} files, {Units.Size(evidence.Bytes)}, taken {Units.Time(evidence.TakenAt)}");
        }

        facts.Add("encrypted to", snapshot.Recipients.Count > 0 ? string.Join(", ", snapshot.Recipients) : null);
        facts.Add("missing", snapshot.MissingCount > 0 ? Units.Count(snapshot.MissingCount) : null);
        foreach (var item in snapshot.Missing)
        {
            facts.Add("missing", $"{item.Path}: {item.Reason}");
        }

        if (!facts.IsEmpty)
        {
            output.WriteLine();
            output.WriteLine($"{snapshot.Component.Title(snapshot.Cluster)}:");
            facts.WriteTo(output, "  ");
        }
    }

    private static string? Read(DatabaseCut database, long? bytes)
    {
        var what = database.Read switch
        {
            ReadRule.All => "everything",
            ReadRule.ChangedFiles => "changed files",
            ReadRule.ChangedBlocks => "changed blocks",
            _ => null,
        };
        return what is null ? null : $"{what}{(bytes is { } read ? $", {Units.Size(read)}" : "")}{(database.ReadReason is { } reason ? $": {reason}" : "")}";
    }

    private static void AddDatabase(Facts facts, DatabaseSummary database)
    {
        var migrations = database.Migrations.Sum(schema => schema.Applied.Count);
        facts.Add("database", $"{database.Name}, {Units.Size(database.Bytes)}, {migrations} migrations in {database.Migrations.Count} schemas{Rows(database.Rows)}");
        foreach (var schema in database.Migrations)
        {
            facts.Add("schema version", $"{database.Name}/{schema.Schema}: {(schema.Applied.Count == 0 ? "no migrations" : $"{schema.Applied[^1].Name}, {schema.Applied.Count} applied")}");
        }
    }

    private static string Rows(IReadOnlyList<RowCount> counts)
    {
        var tenants = counts.Where(count => count.Tenant is not null).Select(count => count.Tenant).Distinct().Count();
        return counts.Count == 0 ? "" : $", {Units.Count(counts.Sum(count => count.Rows))} rows{(tenants == 0 ? "" : $" of {tenants} tenants")}";
    }

    private static void WriteProofs(TextWriter output, IReadOnlyList<ProofView> proofs)
    {
        if (proofs.Count == 0)
        {
            return;
        }

        output.WriteLine();
        var table = new TextTable("PROVEN", "COMPONENT", "DEPTH", "PASSED", "DURATION").Right(4);
        foreach (var proof in proofs)
        {
            table.Add(
                Units.Time(proof.At),
                proof.Component.Title(proof.Cluster),
                proof.Result?.Depth.ToString().ToLowerInvariant() ?? "-",
                proof.Passed ? "yes" : "no",
                proof.Result is { } result ? Units.Duration(result.Phases.Aggregate(TimeSpan.Zero, (sum, phase) => sum + phase.Duration)) : "-");
        }

        table.WriteTo(output);
        foreach (var finding in proofs.LastOrDefault(proof => proof is { Component: Component.Database, Passed: true, Result.Depth: ProofDepth.Restored })?.Result?.Findings ?? [])
        {
            output.WriteLine($"database: {finding}");
        }

        foreach (var proof in proofs.GroupBy(proof => proof.Component).Select(group => group.MaxBy(proof => proof.At)!).Where(proof => proof.Result is { Depth: ProofDepth.Restored }))
        {
            var facts = new Facts();
            facts.Add("phases", string.Join(", ", proof.Result!.Phases.Select(phase => $"{phase.Phase} {Units.Duration(phase.Duration)}")));
            facts.Add("WAL replayed", PhaseText.Of(proof.Result.Replay));
            output.WriteLine();
            output.WriteLine($"{proof.Component.Name()}, newest proof:");
            facts.WriteTo(output, "  ");
        }
    }

    private static bool Lacks(PointView point, Component component) =>
        point.Components.Any(snapshot => snapshot.Component == Component.Database)
        && point.Components.All(snapshot => snapshot.Component != component);
}

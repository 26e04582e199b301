using System.Security.Cryptography;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Points.Signing;

namespace StellaOps.Backup.Points.Tests;

/// <summary>The manifest of the frozen sample, and keys.</summary>
internal static class SamplePoints
{
    public static PointManifest Full { get; } = new()
    {
        Version = 1,
        Id = Guid.Parse("0196a1b2-0000-7000-8000-00000000002a"),
        Name = "pre-upgrade-20260117 “größer”",
        Full = true,
        Outcome = Outcome.Incomplete,
        OperationId = Guid.Parse("0196a1b2-0000-7000-8000-00000000002b"),
        StartedAt = new DateTimeOffset(2026, 1, 1, 0, 30, 0, TimeSpan.FromHours(1)),
        FinishedAt = new DateTimeOffset(2025, 12, 31, 23, 41, 5, 125, TimeSpan.Zero),
        ProductVersion = "0.1.0",
        Components =
        [
            Snapshot(Component.Database) with
            {
                Database = new DatabaseCut
                {
                    SystemIdentifier = "7301234567890123456",
                    Timeline = 3,
                    StartLsn = "16/B374D848",
                    StopLsn = "16/B5000110",
                    MajorVersion = 18,
                    ServerVersion = "18.1",
                    PageChecksums = true,
                    Databases =
                    [
                        new DatabaseSummary
                        {
                            Name = "stellaops",
                            Bytes = 73_400_320,
                            Migrations =
                            [
                                new SchemaMigrations
                                {
                                    Schema = "scheduler",
                                    Applied = [new Migration("001_initial.sql", "9f86d081"), new Migration("S001_seed.sql", null)],
                                },
                            ],
                        },
                    ],
                },
            },
            Snapshot(Component.Evidence) with
            {
                Outcome = Outcome.Incomplete,
                MissingCount = 2,
                Evidence = new EvidenceCut
                {
                    Files = 2048,
                    Bytes = 104_857_600,
                    TakenAt = new DateTimeOffset(2025, 12, 31, 23, 35, 0, TimeSpan.Zero),
                    RootTree = new string('c', 64),
                },
            },
            Snapshot(Component.Secrets) with { Recipients = ["age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq"] },
        ],
        Notes = ["2 evidence files could not be read"],
    };

    public static string PrivateKeyPem()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportPkcs8PrivateKeyPem();
    }

    public static PointSigner Signer(string folder)
    {
        var path = Path.Combine(folder, $"{Guid.NewGuid():n}.pem");
        File.WriteAllText(path, PrivateKeyPem());
        return PointSigner.FromPemFile(path);
    }

    private static ComponentSnapshot Snapshot(Component component) => new()
    {
        Component = component,
        Outcome = Outcome.Complete,
        RepositoryId = new string('a', 64),
        SnapshotId = new string('b', 64),
        StartedAt = new DateTimeOffset(2025, 12, 31, 23, 31, 0, TimeSpan.Zero),
        FinishedAt = new DateTimeOffset(2025, 12, 31, 23, 34, 0, TimeSpan.Zero),
        Files = 1204,
        Bytes = 73_400_320,
        BytesAdded = 1_048_576,
    };
}

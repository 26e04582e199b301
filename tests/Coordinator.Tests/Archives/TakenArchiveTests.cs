using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Copies;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Coordinator.Tests.Archives;

/// <summary>A copy whose worker found an archive of the same and took it: that has another manifest than the one that was signed for the copy.</summary>
public sealed class TakenArchiveTests(PostgresFixture postgres)
{
    [Fact(Timeout = 300_000)]
    public async Task It_is_noted_as_what_it_is_if_a_trusted_key_signed_it()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var point = Samples.Manifest("p", Component.Database, Component.Evidence);
        var (_, tasks) = await ArchivedOperation.PrepareAsync(harness, point, [.. point.Components], token);
        await harness.InAsync(async (IServiceProvider scope) =>
        {
            var records = scope.GetRequiredService<CopyRecords>();
            var envelope = scope.GetRequiredService<PointSigner>().Sign("{}"u8.ToArray(), "application/json");

            var forged = Taken(tasks[0], (envelope with { Payload = "[]"u8.ToArray() }).ToJson());
            Assert.Equal(ErrorCodes.BadSignature, (await Assert.ThrowsAsync<BackupException>(() => records.CopiedAsync(forged, token))).Error);
            Assert.Empty((await scope.GetRequiredService<PointCatalog>().FindAsync("p", token)).Manifest.Copies);

            await records.CopiedAsync(Taken(tasks[0], envelope.ToJson()), token);
            var copy = Assert.Single((await scope.GetRequiredService<PointCatalog>().FindAsync("p", token)).Manifest.Copies);
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(envelope.ToJson())), copy.ManifestSha256);
        });
    }

    private static TaskRow Taken(TaskRow task, byte[] manifest) => new()
    {
        Id = task.Id, OperationId = task.OperationId, Kind = OperationKind.Copy, Component = task.Component, Stage = task.Stage, PointId = task.PointId, PointName = task.PointName,
        State = task.State, Attempt = task.Attempt, EndedAt = task.EndedAt, Command = task.Command,
        Result = task.Result! with { Copy = task.Result!.Copy! with { Manifest = Encoding.UTF8.GetString(manifest) } },
    };
}

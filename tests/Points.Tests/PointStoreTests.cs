using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Points.Tests;

public sealed class PointStoreTests : IDisposable
{
    private const string SampleKey = "points/2025/12/0196a1b2-0000-7000-8000-00000000002a.json";

    private readonly TemporaryDirectory _folder = new();
    private readonly MemoryStore _objects = new();
    private readonly PointSigner _signer;
    private readonly PointVerifier _verifier;
    private readonly PointStore _store;

    public PointStoreTests()
    {
        _signer = SamplePoints.Signer(_folder.Path);
        _verifier = PointVerifier.FromPem(_signer.PublicKeyPem);
        _store = new PointStore(_objects, _verifier);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_saved_point_is_found_by_month_and_id_in_utc()
    {
        var point = await SaveAsync();
        Assert.Equal(SampleKey, point.Key);
        Assert.Equal([SampleKey], _objects.Keys);
        Assert.Equivalent(SamplePoints.Full, await _store.LoadAsync(point, Cancel), strict: true);
    }

    [Fact]
    public async Task Saving_again_after_a_lost_answer_changes_nothing()
    {
        await _store.SaveAsync(SamplePoints.Full, _signer, Cancel);
        var first = _objects[SampleKey];
        await _store.SaveAsync(SamplePoints.Full, _signer, Cancel);
        Assert.Same(first, _objects[SampleKey]);
    }

    [Fact]
    public async Task A_point_that_its_operation_saves_again_after_an_upgrade_stays_as_it_is_and_is_returned()
    {
        await _store.SaveAsync(SamplePoints.Full, _signer, Cancel);
        var first = _objects[SampleKey];
        var standing = await _store.SaveAsync(SamplePoints.Full with { ProductVersion = "99.0.0" }, _signer, Cancel);
        Assert.Equivalent(SamplePoints.Full, standing, strict: true);
        Assert.Same(first, _objects[SampleKey]);
    }

    [Fact]
    public async Task A_manifest_of_the_same_operation_with_a_foreign_signature_is_not_taken_for_the_truth()
    {
        using var others = new TemporaryDirectory();
        using var stranger = SamplePoints.Signer(others.Path);
        await _store.SaveAsync(SamplePoints.Full, stranger, Cancel);
        var error = await FailureAsync(() => _store.SaveAsync(SamplePoints.Full, _signer, Cancel));
        Assert.Equal(ErrorCodes.BadSignature, error.Error);
    }

    [Fact]
    public async Task Another_manifest_under_the_same_id_is_refused_and_the_first_one_stays()
    {
        await _store.SaveAsync(SamplePoints.Full, _signer, Cancel);
        var error = await FailureAsync(() => _store.SaveAsync(SamplePoints.Full with { Name = "other", OperationId = Guid.NewGuid() }, _signer, Cancel));
        Assert.Equal(ErrorCodes.DuplicateName, error.Error);
        Assert.Equal(SamplePoints.Full.Name, (await _store.LoadAsync(StoredPoint.At(SamplePoints.Full.Id, SamplePoints.Full.StartedAt), Cancel)).Name);
    }

    [Fact]
    public async Task A_manifest_in_the_way_that_was_altered_is_reported_and_not_replaced()
    {
        await _store.SaveAsync(SamplePoints.Full, _signer, Cancel);
        _objects[SampleKey] = "{}"u8.ToArray();
        var error = await FailureAsync(() => _store.SaveAsync(SamplePoints.Full, _signer, Cancel));
        Assert.Equal(ErrorCodes.Damaged, error.Error);
        Assert.Equal("{}"u8.ToArray(), _objects[SampleKey]);
    }

    [Fact]
    public async Task Points_are_listed_by_month_and_other_objects_are_passed_over()
    {
        PointManifest later = SamplePoints.Full with { Id = Guid.Parse("00000000-0000-0000-0000-000000000001"), StartedAt = new(2026, 2, 1, 0, 0, 0, TimeSpan.Zero) };
        await _store.SaveAsync(later, _signer, Cancel);
        await _store.SaveAsync(SamplePoints.Full, _signer, Cancel);
        foreach (var other in new[] { "points/readme.txt", "points/2026/02/x.json", "database/config", "points/2026/02/0196a1b2-0000-7000-8000-00000000002a.json.tmp" })
        {
            _objects[other] = [];
        }

        var listed = await _store.ListAsync(Cancel);
        Assert.Equal([SamplePoints.Full.Id, later.Id], listed.Select(point => point.Id));
    }

    [Fact]
    public async Task A_manifest_copied_under_another_name_is_damaged()
    {
        await _store.SaveAsync(SamplePoints.Full, _signer, Cancel);
        var misplaced = StoredPoint.At(Guid.NewGuid(), SamplePoints.Full.StartedAt);
        _objects[misplaced.Key] = _objects[SampleKey];
        var error = await FailureAsync(() => _store.LoadAsync(misplaced, Cancel));
        Assert.Equal(ErrorCodes.Damaged, error.Error);
        Assert.Contains(misplaced.Key, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_truncated_file_is_damaged()
    {
        var point = await SaveAsync();
        var whole = _objects[SampleKey];
        for (var length = 0; length < whole.Length; length += 7)
        {
            _objects[SampleKey] = whole[..length];
            Assert.Equal(ErrorCodes.Damaged, (await FailureAsync(() => _store.LoadAsync(point, Cancel))).Error);
        }
    }

    [Fact]
    public async Task A_deleted_point_is_not_found_and_may_be_deleted_again()
    {
        var point = await SaveAsync();
        await _store.DeleteAsync(point, Cancel);
        await _store.DeleteAsync(point, Cancel);
        Assert.Empty(await _store.ListAsync(Cancel));
        Assert.Equal(ErrorCodes.PointNotFound, (await FailureAsync(() => _store.LoadAsync(point, Cancel))).Error);
    }

    [Theory]
    [InlineData(StorageFailure.PermissionDenied, "storage.permission-denied")]
    [InlineData(StorageFailure.Full, "storage.full")]
    [InlineData(StorageFailure.Unavailable, "storage.unavailable")]
    [InlineData(StorageFailure.Invalid, "input.not-configured")]
    public async Task What_the_location_refuses_has_a_row_in_the_error_table(StorageFailure failure, string code)
    {
        var point = StoredPoint.At(SamplePoints.Full.Id, SamplePoints.Full.StartedAt);
        await using var broken = new BrokenStore(failure);
        var _store = new PointStore(broken, _verifier);
        Assert.Equal(code, (await FailureAsync(() => _store.SaveAsync(SamplePoints.Full, _signer, Cancel))).Error.Code);
        Assert.Equal(code, (await FailureAsync(() => _store.LoadAsync(point, Cancel))).Error.Code);
        Assert.Equal(code, (await FailureAsync(() => _store.DeleteAsync(point, Cancel))).Error.Code);
        Assert.Equal(code, (await FailureAsync(() => _store.ListAsync(Cancel))).Error.Code);
    }

    public void Dispose()
    {
        _verifier.Dispose();
        _signer.Dispose();
        _folder.Dispose();
    }

    private async Task<StoredPoint> SaveAsync()
    {
        var manifest = await _store.SaveAsync(SamplePoints.Full, _signer, Cancel);
        return StoredPoint.At(manifest.Id, manifest.StartedAt);
    }

    private static Task<BackupException> FailureAsync(Func<Task> action) => Assert.ThrowsAsync<BackupException>(action);
}

using CsCheck;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Repository.Tests.Restore;

public sealed class SparseWritingTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void What_is_read_back_is_what_was_written() =>
        Gen.Select(Gen.Bool.Array[0, 12], Gen.Int[0, 65_535], Gen.Int[0, 3 << 16]).Sample((runs, tail, offset) =>
        {
            var data = runs.SelectMany(filled => Enumerable.Repeat((byte)(filled ? 7 : 0), 40_000)).Concat(new byte[tail]).ToArray();
            using var file = File.OpenHandle(_directory[Guid.NewGuid().ToString()], FileMode.CreateNew, FileAccess.ReadWrite);
            RandomAccess.SetLength(file, offset + data.Length);
            var written = SparseWriting.Write(file, data, offset, sparse: true);

            var back = new byte[data.Length];
            Assert.Equal(data.Length, RandomAccess.Read(file, back, offset));
            Assert.True(data.AsSpan().SequenceEqual(back));
            Assert.InRange(written, data.Count(value => value != 0), data.Length);
        }, iter: 200, threads: 1);

    [Fact]
    public void Zeros_are_not_written()
    {
        using var file = File.OpenHandle(_directory["zeros"], FileMode.CreateNew, FileAccess.ReadWrite);
        var data = new byte[4 << 20];
        data[1 << 20] = 1;
        Assert.Equal(64 << 10, SparseWriting.Write(file, data, 0, sparse: true));
        Assert.Equal(data.Length, SparseWriting.Write(file, data, 0, sparse: false));
    }
}

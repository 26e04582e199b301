using CsCheck;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Packs;

namespace StellaOps.Backup.Repository.Tests.Packs;

public sealed class PackHeaderTests : IDisposable
{
    private static readonly Gen<PackEntry> Entry = Gen.Select(Gen.Bool, Gen.Byte.Array[32], Gen.UInt[32, 100_000], Gen.OneOf(Gen.Const(0u), Gen.Const(1u), Gen.UInt))
        .Select((isTree, id, stored, from) => new PackEntry(isTree ? BlobType.Tree : BlobType.Data, new BlobId(id), 0, stored, from));

    private readonly UnitSealer _sealer = new(MasterKey.Create());

    public void Dispose() => _sealer.Dispose();

    [Fact]
    public void What_is_written_is_read() => Entry.Array[1, 300].Sample(entries =>
    {
        uint offset = 0;
        for (var i = 0; i < entries.Length; i++)
        {
            entries[i] = entries[i] with { Offset = offset };
            offset += entries[i].StoredLength;
        }

        var total = PackHeader.PackLength(entries);
        var tail = new byte[total - offset];
        Assert.Equal(tail.Length, PackHeader.Write(entries, _sealer, tail));
        Assert.Equal(tail.Length - PackHeader.LengthField, PackHeader.ReadLength(tail.AsSpan(^PackHeader.LengthField..), total));
        Assert.Equal(entries, PackHeader.Read(tail.AsSpan(..^PackHeader.LengthField), total, _sealer));
    }, iter: 200);

    [Fact]
    public void Random_bytes_are_damage_and_nothing_else() => Gen.Select(Gen.Byte.Array[0, 200], Gen.Long[0, 1 << 20]).Sample((bytes, length) =>
    {
        AssertDamagedOrRead(() => PackHeader.Decode(bytes, length));
        AssertDamagedOrRead(() => PackHeader.Read(bytes, length, _sealer));
        if (bytes.Length >= PackHeader.LengthField)
        {
            AssertDamagedOrRead(() => PackHeader.ReadLength(bytes, length));
        }
    });

    [Theory]
    [InlineData(0)]
    [InlineData(36)]
    [InlineData(73)]
    public void A_header_that_ends_inside_an_entry_is_damage(int length)
    {
        var plain = new byte[length];
        Assert.Throws<RepositoryException>(() => PackHeader.Decode(plain, 1000));
    }

    private static void AssertDamagedOrRead(Func<object> read)
    {
        try
        {
            read();
        }
        catch (RepositoryException exception)
        {
            Assert.Equal(RepositoryFailure.Damaged, exception.Failure);
        }
    }
}

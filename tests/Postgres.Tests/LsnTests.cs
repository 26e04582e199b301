using CsCheck;

namespace StellaOps.Backup.Postgres.Tests;

public sealed class LsnTests
{
    [Fact]
    public void It_is_written_as_PostgreSQL_does()
    {
        Assert.Equal("16/B374D848", new Lsn(0x16_B374D848).ToString());
        Assert.Equal("0/0", default(Lsn).ToString());
    }

    [Fact]
    public void What_is_written_is_read_back() =>
        Gen.ULong.Sample(value => Assert.Equal(new Lsn(value), Lsn.Parse(new Lsn(value).ToString())));

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("/1")]
    [InlineData("1/")]
    [InlineData("1/123456789")]
    [InlineData("x/1")]
    [InlineData(" 1/1")]
    public void Anything_else_is_refused(string? text) => Assert.False(Lsn.TryParse(text, out _));
}

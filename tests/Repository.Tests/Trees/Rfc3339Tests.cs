using System.Text;
using CsCheck;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Tests.Trees;

public sealed class Rfc3339Tests
{
    [Theory]
    [InlineData(0, 0, "1970-01-01T00:00:00Z")]
    [InlineData(1_600_000_000, 123_456_789, "2020-09-13T12:26:40.123456789Z")]
    [InlineData(1_600_000_000, 120_000_000, "2020-09-13T12:26:40.12Z")]
    [InlineData(1_600_000_000, 1, "2020-09-13T12:26:40.000000001Z")]
    [InlineData(-1, 999_999_999, "1969-12-31T23:59:59.999999999Z")]
    [InlineData(951_782_400, 0, "2000-02-29T00:00:00Z")]
    [InlineData(-62_167_219_200, 0, "0000-01-01T00:00:00Z")]
    [InlineData(253_402_300_799, 0, "9999-12-31T23:59:59Z")]
    [InlineData(long.MaxValue, 0, "9999-12-31T23:59:59Z")]
    [InlineData(long.MinValue, 0, "0000-01-01T00:00:00Z")]
    public void A_time_is_written_as_Go_does_it(long seconds, int nanoseconds, string text) => Assert.Equal(text, Write(new UnixTime(seconds, nanoseconds)));

    [Theory]
    [InlineData("2020-09-13T14:26:40.5+02:00", 1_600_000_000, 500_000_000)]
    [InlineData("2020-09-13T08:56:40-03:30", 1_600_000_000, 0)]
    [InlineData("2020-09-13T12:26:40.1234567891Z", 1_600_000_000, 123_456_789)]
    public void Offsets_and_longer_fractions_are_read(string text, long seconds, int nanoseconds)
    {
        Assert.True(Rfc3339.TryParse(Encoding.ASCII.GetBytes(text), out var time));
        Assert.Equal(new UnixTime(seconds, nanoseconds), time);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2020-09-13")]
    [InlineData("2020-13-13T12:26:40Z")]
    [InlineData("2020-09-13 12:26:40Z")]
    [InlineData("2020-09-13T12:26:40")]
    [InlineData("2020-09-13T12:26:40+2:00")]
    [InlineData("2020-09-13T25:26:40Z")]
    public void What_is_no_time_is_refused(string text) => Assert.False(Rfc3339.TryParse(Encoding.ASCII.GetBytes(text), out _));

    [Fact]
    public void Every_time_comes_back_to_the_nanosecond_and_agrees_with_NET() =>
        Gen.Select(Gen.Long[-62_135_596_800, 253_402_300_799], Gen.Int[0, 999_999_999]).Sample((seconds, nanoseconds) =>
        {
            var text = Write(new UnixTime(seconds, nanoseconds));
            Assert.True(Rfc3339.TryParse(Encoding.ASCII.GetBytes(text), out var back));
            Assert.Equal(new UnixTime(seconds, nanoseconds), back);
            Assert.StartsWith(DateTimeOffset.FromUnixTimeSeconds(seconds).ToString("yyyy-MM-dd'T'HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture), text, StringComparison.Ordinal);
        });

    [Fact]
    public void A_NET_time_before_1970_keeps_its_fraction() =>
        Assert.Equal(new UnixTime(-1, 999_999_900), UnixTime.From(DateTimeOffset.UnixEpoch.AddTicks(-1)));

    private static string Write(UnixTime time)
    {
        Span<byte> text = stackalloc byte[Rfc3339.MaxLength];
        return Encoding.ASCII.GetString(text[..Rfc3339.Write(time, text)]);
    }
}

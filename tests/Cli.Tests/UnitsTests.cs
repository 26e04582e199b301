using StellaOps.Backup.Cli.Output;

namespace StellaOps.Backup.Cli.Tests;

public sealed class UnitsTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1.0 KiB")]
    [InlineData(1_048_575, "1.0 MiB")]
    [InlineData(1_073_741_824, "1.0 GiB")]
    [InlineData(long.MaxValue, "8.0 EiB")]
    public void A_size_has_a_binary_unit(long bytes, string text) => Assert.Equal(text, Units.Size(bytes));

    [Theory]
    [InlineData(0, "0.0s")]
    [InlineData(9.84, "9.8s")]
    [InlineData(59.9, "59s")]
    [InlineData(62, "1m02s")]
    [InlineData(3_660, "1h01m")]
    [InlineData(90_000, "1d01h")]
    public void A_duration_has_its_two_largest_parts(double seconds, string text) => Assert.Equal(text, Units.Duration(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void A_time_is_spelled_in_utc() =>
        Assert.Equal("2025-12-31T23:30:00Z", Units.Time(new DateTimeOffset(2026, 1, 1, 0, 30, 0, TimeSpan.FromHours(1))));
}

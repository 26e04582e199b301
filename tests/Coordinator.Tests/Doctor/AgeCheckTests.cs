using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Coordinator.Doctor;
using StellaOps.Backup.Coordinator.Parts;

namespace StellaOps.Backup.Coordinator.Tests.Doctor;

/// <summary>What the doctor says of backups that nobody takes.</summary>
public sealed class AgeCheckTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 17, 10, 0, 0, TimeSpan.Zero);
    private static readonly IServiceScopeFactory Scopes = new ServiceCollection().BuildServiceProvider().GetRequiredService<IServiceScopeFactory>();
    private static readonly Part Database = new(Component.Database), Analytics = new(Component.Database, "analytics"), Keys = new(Component.Keys);

    [Theory]
    [InlineData(25, 25, 24 * 7, "pass", "everything was saved lately")]
    [InlineData(27, 25, 24 * 7, "warn", "not saved for more than a day (keys: a week): database")]
    [InlineData(1, 27, 24 * 9, "warn", "not saved for more than a day (keys: a week): database (analytics), keys")]
    [InlineData(1, null, 1, "warn", "never saved: database (analytics)")]
    public void What_is_configured_has_to_have_been_saved_lately(int database, int? analytics, int keys, string status, string message)
    {
        var newest = new Dictionary<Part, DateTimeOffset> { [Database] = Now.AddHours(-database), [Keys] = Now.AddHours(-keys) };
        if (analytics is { } hours)
        {
            newest[Analytics] = Now.AddHours(-hours);
        }

        var result = new AgeCheck(Scopes, TimeProvider.System).Judge([Database, Analytics, Keys], newest, Now);
        Assert.Equal((status, message), (result.Status, result.Message));
        Assert.Equal(status != "pass", result.Remedy.Contains("stella backup schedule show"));
    }

    [Fact]
    public void Without_workers_nothing_is_said() =>
        Assert.Equal("skip", new AgeCheck(Scopes, TimeProvider.System).Judge([], new Dictionary<Part, DateTimeOffset>(), Now).Status);
}

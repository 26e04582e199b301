using CsCheck;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Protection;

namespace StellaOps.Backup.Coordinator.Tests.Protection;

/// <summary>What three people did to the pin and the legal holds of a point, one act after the other.</summary>
internal sealed record ProtectionStory(IReadOnlyList<ProtectionStory.Act> Acts)
{
    private static readonly string[] People = ["ann", "ben", "cho"];
    private static readonly string[] Cases = ["CASE-1", "CASE-2"];

    public enum Deed
    {
        Pin,
        Unpin,
        Hold,
        Release,
    }

    public static Gen<ProtectionStory> Any =>
        from acts in Gen.Select(Gen.Enum<Deed>(), OneOf(People), OneOf(Cases), Gen.Int[0, 50]).List[0, 12]
        select new ProtectionStory(Timed(acts));

    /// <summary>Pin and holds after all acts, by the product's rules.</summary>
    public (PointPin? Pin, IReadOnlyList<LegalHold> Holds) Play()
    {
        PointPin? pin = null;
        IReadOnlyList<LegalHold> holds = [];
        foreach (var act in Acts)
        {
            (pin, holds) = act.Deed switch
            {
                Deed.Pin => (pin ?? new PointPin { By = act.Who, At = act.At }, holds),
                Deed.Unpin => (null, holds),
                Deed.Hold => (pin, LegalHolds.Set(holds, act.Case, act.Who, act.At)),
                _ => (pin, Release(holds, act)),
            };
        }

        return (pin, holds);
    }

    /// <summary>Whether the last word on the pin was <c>pin</c>.</summary>
    public bool IsPinned => Acts.LastOrDefault(act => act.Deed is Deed.Pin or Deed.Unpin)?.Deed == Deed.Pin;

    public IEnumerable<string> HeldFor => Cases.Where(IsHeldFor);

    public bool IsProtected => IsPinned || HeldFor.Any();

    /// <summary>The rule in other words: since somebody last said hold, no one released within three days of an effective release of somebody else.</summary>
    private bool IsHeldFor(string name)
    {
        var acts = Acts.Where(act => act.Case == name && act.Deed is (Deed.Hold or Deed.Release)).ToList();
        var held = acts.FindLastIndex(act => act.Deed == Deed.Hold);
        var releases = acts[(held + 1)..];
        return held >= 0 && !Enumerable.Range(0, releases.Count).Any(second => Enumerable.Range(0, second).Any(first =>
            IsEffective(releases, first) && IsInTime(releases[first], releases[second]) && releases[first].Who != releases[second].Who));
    }

    /// <summary>One that somebody repeats while his own still waits is none.</summary>
    private static bool IsEffective(List<Act> releases, int at) =>
        !Enumerable.Range(0, at).Any(earlier => IsEffective(releases, earlier) && IsInTime(releases[earlier], releases[at]));

    private static bool IsInTime(Act first, Act second) => second.At < first.At.AddDays(3);

    private static IReadOnlyList<LegalHold> Release(IReadOnlyList<LegalHold> holds, Act act)
    {
        try
        {
            return LegalHolds.Release(holds, act.Case, act.Who, why: null, act.At);
        }
        catch (BackupException refused) when (refused.Error == ErrorCodes.HoldNotFound || refused.Error == ErrorCodes.SecondPerson)
        {
            return holds;
        }
    }

    private static Gen<string> OneOf(string[] words) => Gen.Int[0, words.Length - 1].Select(at => words[at]);

    private static List<Act> Timed(List<(Deed Deed, string Who, string Case, int HoursLater)> drawn)
    {
        var at = DateTimeOffset.UnixEpoch;
        return drawn.ConvertAll(one => new Act(one.Deed, one.Who, one.Case, at += TimeSpan.FromHours(one.HoursLater)));
    }

    public sealed record Act(Deed Deed, string Who, string Case, DateTimeOffset At);
}

using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Parsing;

/// <summary>The targets of a point-in-time recovery; exactly one is given.</summary>
internal sealed class PointInTimeOptions
{
    private static readonly string[] Zoned = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd HH:mm:ssK", "yyyy-MM-dd HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd HH:mmK"];

    private readonly Option<string> _time = new("--to-time") { Description = "All that was committed until then, like 2026-01-17T10:30:00Z; without a zone it is UTC", HelpName = "T" };
    private readonly Option<string> _lsn = new("--to-lsn") { Description = "Log position, like 16/B374D848", HelpName = "L" };
    private readonly Option<ulong?> _xid = new("--to-xid")
    {
        Description = "Transaction id (pg_current_xact_id)", HelpName = "X", CustomParser = result => Number<ulong>(result, "--to-xid", "a transaction id, like 48213"),
    };
    private readonly Option<string> _name = new("--to-name") { Description = "Named restore point (pg_create_restore_point)", HelpName = "N" };
    private readonly Option<bool> _immediate = new("--immediate") { Description = "The end of the newest base backup" };
    private readonly Option<uint?> _timeline = new("--timeline")
    {
        Description = "Timeline to recover along; else the newest one, or with --to-time the one that was in use then", HelpName = "N", CustomParser = result => Number<uint>(result, "--timeline", "a timeline, like 2"),
    };
    private readonly Option<bool> _exclusive = new("--exclusive") { Description = "Stop just before the target, not just after it" };

    public IReadOnlyList<Option> All => [_time, _lsn, _xid, _name, _immediate, _timeline, _exclusive];

    /// <summary>What was asked for; the rest of the request is the caller's.</summary>
    /// <exception cref="BackupException">None or several targets, or a time that is not understood.</exception>
    public PointInTimeRequest Read(ParseResult parsed)
    {
        var time = parsed.GetValue(_time);
        var given = new[] { time is not null, parsed.GetValue(_lsn) is not null, parsed.GetValue(_xid) is not null, parsed.GetValue(_name) is not null, parsed.GetValue(_immediate) }.Count(one => one);
        return given != 1
            ? throw new BackupException(
                ErrorCodes.InvalidInput, $"{(given == 0 ? "no target is" : $"{given} targets are")} named; exactly one is wanted", "Name one of --to-time, --to-lsn, --to-xid, --to-name and --immediate.")
            : new PointInTimeRequest
            {
                Time = time is null ? null : Time(time),
                Lsn = parsed.GetValue(_lsn),
                Xid = parsed.GetValue(_xid),
                Name = parsed.GetValue(_name),
                Immediate = parsed.GetValue(_immediate),
                Timeline = parsed.GetValue(_timeline),
                Exclusive = parsed.GetValue(_exclusive),
            };
    }

    private static T? Number<T>(ArgumentResult result, string option, string wanted)
        where T : struct, INumber<T>
    {
        var text = result.Tokens[0].Value;
        if (T.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > T.Zero)
        {
            return number;
        }

        result.AddError($"'{text}' is not {wanted}, for {option}");
        return null;
    }

    /// <summary>A time with date and zone; UTC where no zone is given. PostgreSQL's clock has microseconds, and more digits are refused.</summary>
    internal static DateTimeOffset Time(string text) =>
        DateTimeOffset.TryParseExact(text.Trim(), Zoned, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time.ToUniversalTime()
            : throw new BackupException(
                ErrorCodes.InvalidInput, $"'{text}' is no time for --to-time", "Write date, time and zone: 2026-01-17T10:30:00Z, or 2026-01-17T11:30:00.25+01:00. Without a zone it is taken as UTC.");
}

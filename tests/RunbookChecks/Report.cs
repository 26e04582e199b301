using System.Globalization;

namespace StellaOps.Backup.RunbookChecks;

/// <summary>The table: a row for each command as it ends, and why those failed that did.</summary>
internal sealed class Report(TextWriter output)
{
    private int _passed, _failed;

    /// <summary>Something failed.</summary>
    public bool HasFailed => _failed > 0;

    public void Begin() => output.WriteLine("| section | command | effect | result | seconds |\n|---|---|---|---|---|");

    /// <summary>A command that was typed; <paramref name="failure"/> says what was wrong with it.</summary>
    public void Add(RunbookLine line, TimeSpan time, Exception? failure = null) =>
        Add(line.Section, $"`{line.Command}`", line.Effect, failure, time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture));

    /// <summary>A command that was not typed, because of what failed before it.</summary>
    public void AddUntyped(RunbookLine line) => Write(line.Section, $"`{line.Command}`", line.Effect, "not typed", "-");

    /// <summary>What a section needs before, and could not be had.</summary>
    public void AddUnprepared(string section, Exception failure) => Add(section, "(preparation)", "what its commands need is there", failure, "-");

    public void End(TimeSpan time) =>
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\n{_passed} passed, {_failed} failed ({time.TotalMinutes:0.0} minutes)"));

    private void Add(string section, string command, string effect, Exception? failure, string seconds)
    {
        Write(section, command, effect, failure is null ? "ok" : "FAILED", seconds);
        if (failure is not null)
        {
            Console.Error.WriteLine(failure);
        }
    }

    private void Write(string section, string command, string effect, string result, string seconds)
    {
        _ = result == "ok" ? _passed++ : _failed++;
        output.WriteLine($"| {section} | {command} | {effect} | {result} | {seconds} |");
        output.Flush();
    }
}

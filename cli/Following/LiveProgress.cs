using Spectre.Console;
using Spectre.Console.Rendering;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Following;

/// <summary>Progress on a terminal: a bar for each task, redrawn in place, with the operation's log passing above.</summary>
internal sealed class LiveProgress : IProgressView
{
    private readonly IAnsiConsole _console;
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _drawing;
    private LiveDisplayContext? _display;

    public LiveProgress(TextWriter output)
    {
        _console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        _drawing = _console.Live(new Text("waiting for a worker")).AutoClear(true).StartAsync(context =>
        {
            _display = context;
            return _finished.Task;
        });
    }

    public void Log(EventView line)
    {
        var subject = line.Component is { } component ? $"{component.Name()}: " : "";
        var style = line.Level switch { "error" => "red", "warning" => "yellow", _ => "grey" };
        _console.MarkupLine($"[{style}]{Units.Time(line.At)} {Markup.Escape(subject + line.Message)}[/]");
    }

    public void Update(OperationView operation) => _display?.UpdateTarget(Bars(operation));

    public void Remark(string text) => _console.MarkupLine($"[yellow]{Markup.Escape(text)}[/]");

    public async ValueTask DisposeAsync()
    {
        _finished.TrySetResult();
        await _drawing;
    }

    internal static IRenderable Bars(OperationView operation)
    {
        var grid = new Grid().AddColumn(new GridColumn().NoWrap()).AddColumn(new GridColumn().NoWrap()).AddColumn(new GridColumn().NoWrap());
        foreach (var task in operation.Tasks)
        {
            var attempt = task.Attempt > 1 ? $" (attempt {task.Attempt})" : "";
            grid.AddRow(
                new Text(ProgressText.Name(operation, task)),
                Bar(task),
                new Text((task.Progress is { } progress && task.State == "running" ? ProgressText.Sentence(progress) : task.State) + attempt));
        }

        return grid;
    }

    private static Markup Bar(TaskView task)
    {
        var (fraction, color) = task.State switch
        {
            "finished" => (1, task.Result?.Outcome == Outcome.Complete ? "green" : "yellow"),
            "failed" => (1, "red"),
            _ => (task.Progress is { } progress ? ProgressText.Fraction(progress) : null, "blue"),
        };
        return ProgressBar.Draw(fraction, color);
    }
}

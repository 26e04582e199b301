using Spectre.Console;
using Spectre.Console.Rendering;
using StellaOps.Backup.Cli.Following;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Cli.Repositories;

/// <summary>On a terminal: a bar, redrawn in place and gone at the end.</summary>
internal sealed class LiveWork : IWorkView
{
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _drawing;
    private LiveDisplayContext? _display;

    public LiveWork(TextWriter output)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        _drawing = console.Live(new Text("")).AutoClear(true).StartAsync(context =>
        {
            _display = context;
            return _finished.Task;
        });
    }

    public TimeSpan Every => TimeSpan.FromMilliseconds(200);

    public void Show(TaskProgress progress) => _display?.UpdateTarget(Line(progress));

    public async ValueTask DisposeAsync()
    {
        _finished.TrySetResult();
        await _drawing;
    }

    private static Grid Line(TaskProgress progress)
    {
        var grid = new Grid().AddColumn(new GridColumn().NoWrap()).AddColumn(new GridColumn().NoWrap());
        IRenderable[] cells = [ProgressBar.Draw(ProgressText.Fraction(progress), "blue"), new Text(ProgressText.Sentence(progress))];
        return grid.AddRow(cells);
    }
}

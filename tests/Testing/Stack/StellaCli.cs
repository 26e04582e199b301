using System.Text.Json;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Testing.Stack;

/// <summary>The <c>stella</c> command against the stack, as an operator runs it.</summary>
public sealed class StellaCli(LocalStack stack)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);
    private static readonly TimeSpan OperationLimit = TimeSpan.FromMinutes(5);

    /// <summary>Runs a command line, words separated by spaces.</summary>
    public Task<ProcessResult> RunAsync(string commandLine, CancellationToken cancellationToken) =>
        RunAsync(commandLine.Split(' '), null, cancellationToken);

    /// <summary>Runs a command with variables of its own.</summary>
    public Task<ProcessResult> RunAsync(string[] arguments, IReadOnlyDictionary<string, string?>? environment, CancellationToken cancellationToken)
    {
        var variables = stack.Environment.ToDictionary(pair => pair.Key, pair => (string?)pair.Value, StringComparer.Ordinal);
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            variables[name] = value;
        }

        variables["PATH"] = System.Environment.GetEnvironmentVariable("PATH");
        return Processes.RunAsync(Path.Combine(LocalStack.Root, "deploy/local/stella"), ["--data", stack.Data, .. arguments], variables, cancellationToken: cancellationToken);
    }

    /// <summary>Runs a command that has to succeed, and returns what it wrote.</summary>
    public async Task<string> OkAsync(string commandLine, CancellationToken cancellationToken) =>
        (await RunAsync(commandLine, cancellationToken)).Checked().Output;

    /// <summary>Runs a command that has to be refused with an exit status and an error of the table.</summary>
    public async Task<string> RefusedAsync(int exitStatus, string commandLine, CancellationToken cancellationToken)
    {
        var result = await RunAsync(commandLine, cancellationToken);
        var isOfTable = result.Error.Contains("stella: error:", StringComparison.Ordinal) && result.Error.Contains("hint:", StringComparison.Ordinal);
        return result.ExitCode == exitStatus && isOfTable
            ? result.Error
            : throw new InvalidOperationException($"{commandLine}: exit status {result.ExitCode}; {exitStatus} was expected, with an error and a hint\n{result.Output}\n{result.Error}");
    }

    /// <summary>Runs a command with <c>--format json</c> and reads its answer.</summary>
    public async Task<T> JsonAsync<T>(string commandLine, CancellationToken cancellationToken) =>
        JsonSerializer.Deserialize<T>(await OkAsync($"{commandLine} --format json", cancellationToken), Json)!;

    /// <summary>One recovery point.</summary>
    public Task<PointView> PointAsync(string name, CancellationToken cancellationToken) =>
        JsonAsync<PointView>($"backup info --name {name}", cancellationToken);

    /// <summary>Starts a backup and does not wait for it.</summary>
    public async Task<OperationView> StartBackupAsync(string arguments, CancellationToken cancellationToken) =>
        await JsonAsync<OperationView>($"backup create {arguments} --no-wait", cancellationToken);

    /// <summary>Waits until an operation is as <paramref name="condition"/> wants it. What cannot be asked now is asked again.</summary>
    public async Task<OperationView> WaitAsync(Guid operation, Func<OperationView, bool> condition, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(OperationLimit);
        using var http = new HttpClient { BaseAddress = new Uri(stack.Environment["STELLA_SERVER"]) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", stack.Environment["STELLA_TOKEN"]);
        while (true)
        {
            try
            {
                var text = await http.GetStringAsync($"{Routes.Operations}/{operation}", limit.Token);
                if (JsonSerializer.Deserialize<OperationView>(text, Json) is { } view && condition(view))
                {
                    return view;
                }
            }
            catch (HttpRequestException)
            {
                // The gateway or the coordinator is being killed by the test.
            }

            await Task.Delay(20, limit.Token);
        }
    }

    /// <summary>Waits for the end of an operation.</summary>
    public Task<OperationView> EndAsync(Guid operation, CancellationToken cancellationToken) =>
        WaitAsync(operation, view => view.State == OperationState.Finished, cancellationToken);

    /// <summary>Waits until a worker is at a component's task.</summary>
    public Task<OperationView> AtWorkAsync(Guid operation, Component component, CancellationToken cancellationToken) =>
        WaitAsync(operation, view => view.State == OperationState.Finished
            || view.Tasks.Any(task => task.Component == component && task.State is "running" or "finished"), cancellationToken);
}

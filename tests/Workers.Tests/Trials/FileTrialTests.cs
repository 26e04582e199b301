using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Workers.Trials;

namespace StellaOps.Backup.Workers.Tests.Trials;

public sealed class FileTrialTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new("stella-trial-");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_tree_is_listed_and_a_file_of_it_is_read()
    {
        Directory.CreateDirectory(_directory["source", "deep", "er"]);
        await File.WriteAllTextAsync(_directory["source", "deep", "er", "file"], "content", TestContext.Current.CancellationToken);
        var steps = await TryAsync(new LocalFileSource([_directory["source"]]), [_directory["source"]]);
        Assert.Equal(["list", "read"], steps.Select(step => step.Step));
        Assert.All(steps, step => Assert.Null(step.Error));
        Assert.Equal("file: 7 bytes", steps[1].Detail);
    }

    [Fact]
    public async Task A_tree_without_a_file_is_no_failure()
    {
        Directory.CreateDirectory(_directory["source"]);
        var steps = await TryAsync(new LocalFileSource([_directory["source"]]), [_directory["source"]]);
        Assert.All(steps, step => Assert.Null(step.Error));
    }

    [Fact]
    public async Task A_path_that_is_missing_is_named_with_the_setting_that_names_it()
    {
        Directory.CreateDirectory(_directory["source"]);
        string[] paths = [_directory["source"], _directory["lost"]];
        var steps = await TryAsync(new LocalFileSource(paths), paths);
        Assert.Equal(ErrorCodes.SourceUnreachable.Code, steps[0].Error!.Code);
        Assert.Contains(_directory["lost"], steps[0].Error!.Message, StringComparison.Ordinal);
        Assert.Contains("Some:Paths", steps[0].Error!.Hint, StringComparison.Ordinal);
        Assert.False(steps[1].Tried);
    }

    [Fact]
    public async Task A_directory_that_may_not_be_listed_fails_the_trial()
    {
        Directory.CreateDirectory(_directory["source"]);
        var steps = await TryAsync(new DeniedSource(new LocalFileSource([_directory["source"]])), [_directory["source"]]);
        Assert.Equal(ErrorCodes.SourcePermissionDenied.Code, steps[0].Error!.Code);
    }

    private static async Task<IReadOnlyList<TrialStep>> TryAsync(IFileSource source, IReadOnlyList<string> paths)
    {
        var steps = new TrialSteps(exception => exception as BackupException, new TaskProgressMeter(TimeProvider.System), TimeProvider.System);
        await FileTrial.RunAsync(steps, source, paths, "Some:Paths", TestContext.Current.CancellationToken);
        return steps.All;
    }

    /// <summary>What an account sees that is not root, as which these tests may run.</summary>
    private sealed class DeniedSource(IFileSource source) : IFileSource
    {
        public SourceEntry Root => source.Root;

        public ValueTask<IReadOnlyList<SourceEntry>> ListAsync(SourceEntry directory, CancellationToken cancellationToken) =>
            throw new SourceException("cannot open directory: Permission denied");

        public ValueTask<IFileContent> OpenAsync(SourceEntry file, CancellationToken cancellationToken) => source.OpenAsync(file, cancellationToken);
    }
}

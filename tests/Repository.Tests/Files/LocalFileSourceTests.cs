using System.Runtime.InteropServices;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;
using StellaOps.Backup.Repository.Tests.Archive;
using StellaOps.Backup.Testing.Files;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Repository.Tests.Files;

public sealed class LocalFileSourceTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Patterns_leave_out_names_and_paths()
    {
        foreach (var path in new[] { "a.tmp", "a.txt", "keep/b.tmp", "keep/c.txt", "cache/x", "deep/cache/y", "logs/1/old/z" })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_directory[path])!);
            File.WriteAllText(_directory[path], "");
        }

        var source = new LocalFileSource([_directory.Path], new LocalFileSourceOptions { Exclude = ["*.tmp", $"{_directory.Path}/cache", $"{_directory.Path}/logs/**/z"] });
        Assert.Equal(["a.txt", "deep/", "deep/cache/", "deep/cache/y", "keep/", "keep/c.txt", "logs/", "logs/1/", "logs/1/old/"], await WalkAsync(source));
    }

    [Fact]
    public async Task A_name_that_a_changing_directory_lists_twice_is_saved_once()
    {
        await using var fixture = await ArchiveFixture.CreateAsync();
        foreach (var name in new[] { "a", "b/c" })
        {
            Directory.CreateDirectory(Path.GetDirectoryName($"{fixture.Source}/{name}")!);
            File.WriteAllText($"{fixture.Source}/{name}", name);
        }

        var source = new LocalFileSource([fixture.Source]) { ReadNames = open => [.. open.ReadNames(), .. open.ReadNames()] };
        var archived = await fixture.ArchiveAsync(source: source);
        Assert.Equal((2, 0), (archived.Files, archived.Problems.Count));
        await fixture.RestoreAsync(archived.Snapshot);
        Assert.Empty(await TreeComparer.DifferencesAsync(fixture.Source, fixture.Target, cancellationToken: Cancellation));
    }

    [Fact]
    public async Task One_file_system_keeps_a_mount_point_as_an_empty_directory()
    {
        var marker = $"/dev/shm/stella-{Guid.NewGuid():N}";
        File.WriteAllText(marker, "");
        try
        {
            var source = new LocalFileSource(["/dev"], new LocalFileSourceOptions { OneFileSystem = true });
            var dev = (await source.ListAsync(source.Root, Cancellation)).Single();
            var shm = (await source.ListAsync(dev, Cancellation)).Single(entry => entry.Name == new EntryName("shm"));
            Assert.Empty(await source.ListAsync(shm, Cancellation));

            var root = new LocalFileSource(["/"], new LocalFileSourceOptions { OneFileSystem = true });
            var top = await root.ListAsync(root.Root, Cancellation);
            Assert.Empty(await root.ListAsync(top.Single(entry => entry.Name == new EntryName("proc")), Cancellation));
            Assert.NotEmpty(await root.ListAsync(top.Single(entry => entry.Name == new EntryName("etc")), Cancellation));

            var everything = new LocalFileSource(["/dev/shm"], new LocalFileSourceOptions { OneFileSystem = true });
            dev = (await everything.ListAsync(everything.Root, Cancellation)).Single();
            shm = (await everything.ListAsync(dev, Cancellation)).Single();
            Assert.Contains(await everything.ListAsync(shm, Cancellation), entry => entry.Name == new EntryName(Path.GetFileName(marker)));
        }
        finally
        {
            File.Delete(marker);
        }
    }

    [Fact]
    public async Task A_given_path_that_is_a_link_is_saved_as_what_it_leads_to()
    {
        File.WriteAllText(_directory["real"], "12345");
        File.CreateSymbolicLink(_directory["link"], "real");
        Assert.True(Attributes.TryWrite(BytePath.From(_directory["real"]), new ExtendedAttribute("user.a", "1"u8.ToArray())));
        var source = new LocalFileSource([_directory["link"]]);
        var link = await FindAsync(source, _directory["link"]);

        Assert.Equal((NodeType.File, 5L), (link.Type, link.Size));
        Assert.Equal("user.a", Assert.Single(link.Metadata.ExtendedAttributes).Name);
        await using var content = await source.OpenAsync(link, Cancellation);
        Assert.Equal(5, await content.ReadAsync(new byte[10], Cancellation));
    }

    [Theory]
    [InlineData("relative")]
    [InlineData("/a/../b")]
    [InlineData("/./a")]
    public void A_path_that_is_not_plain_is_refused(string path) => Assert.Throws<ArgumentException>(() => new LocalFileSource([path]));

    [Fact]
    public async Task A_directory_that_became_a_link_is_not_read()
    {
        Directory.CreateDirectory(_directory["top/below"]);
        Directory.CreateDirectory(_directory["elsewhere"]);
        File.WriteAllText(_directory["elsewhere/secret"], "");
        var source = new LocalFileSource([_directory["top"]]);
        var top = await FindAsync(source, _directory["top"]);
        var below = (await source.ListAsync(top, Cancellation)).Single();

        Directory.Delete(_directory["top/below"]);
        Directory.CreateSymbolicLink(_directory["top/below"], _directory["elsewhere"]);
        Assert.True((await Assert.ThrowsAsync<SourceException>(async () => await source.ListAsync(below, Cancellation))).Vanished);

        Directory.Delete(_directory["top"], recursive: true);
        Directory.Move(_directory["elsewhere"], _directory["top"]);
        Assert.True((await Assert.ThrowsAsync<SourceException>(async () => await source.ListAsync(top, Cancellation))).Vanished);
    }

    [Fact]
    public async Task A_file_that_became_something_else_is_not_read()
    {
        File.WriteAllText(_directory["a-link"], "");
        File.WriteAllText(_directory["b-fifo"], "");
        File.WriteAllText(_directory["c-gone"], "");
        var source = new LocalFileSource([_directory.Path]);
        var files = await source.ListAsync(await FindAsync(source, _directory.Path), Cancellation);

        foreach (var file in files)
        {
            File.Delete(_directory[file.Name.ToString()]);
        }

        File.CreateSymbolicLink(_directory["a-link"], "/etc/hostname");
        using (var open = SampleTree.Open(_directory.Path))
        {
            open.MakeNode(new EntryName("b-fifo"), NodeType.Fifo, 0);
        }

        foreach (var file in files)
        {
            Assert.True((await Assert.ThrowsAsync<SourceException>(async () => await source.OpenAsync(file, Cancellation))).Vanished);
        }
    }

    [Fact]
    public async Task A_file_that_grows_is_read_to_its_old_end_and_reported()
    {
        File.WriteAllText(_directory["log"], "12345");
        var source = new LocalFileSource([_directory["log"]]);
        await using var content = await source.OpenAsync(await FindAsync(source, _directory["log"]), Cancellation);
        File.AppendAllText(_directory["log"], "6789");

        var buffer = new byte[100];
        Assert.Equal(5, await content.ReadAsync(buffer, Cancellation));
        Assert.Equal(0, await content.ReadAsync(buffer, Cancellation));
        var (entry, warning) = await content.CompleteAsync(Cancellation);
        Assert.Equal(5, entry.Size);
        Assert.NotNull(warning);
    }

    [Fact]
    public async Task A_file_that_shrinks_is_reported()
    {
        File.WriteAllText(_directory["log"], "12345");
        var source = new LocalFileSource([_directory["log"]]);
        await using var content = await source.OpenAsync(await FindAsync(source, _directory["log"]), Cancellation);
        File.WriteAllText(_directory["log"], "1");

        var buffer = new byte[100];
        Assert.Equal(1, await content.ReadAsync(buffer, Cancellation));
        Assert.Equal(0, await content.ReadAsync(buffer, Cancellation));
        Assert.NotNull((await content.CompleteAsync(Cancellation)).Warning);
    }

    [Fact]
    public void Without_permission_a_file_and_a_directory_say_so()
    {
        Directory.CreateDirectory(_directory["closed"]);
        File.WriteAllText(_directory["closed/inside"], "");
        File.WriteAllText(_directory["secret"], "");
        File.SetUnixFileMode(_directory["secret"], UnixFileMode.None);
        File.SetUnixFileMode(_directory["closed"], UnixFileMode.None);
        File.SetUnixFileMode(_directory.Path, (UnixFileMode)0x1ed);
        var source = new LocalFileSource([_directory.Path]);

        AsNobody(() =>
        {
            var files = source.ListAsync(FindAsync(source, _directory.Path).GetAwaiter().GetResult(), Cancellation).AsTask().GetAwaiter().GetResult();
            Assert.Equal(2, files.Count);
            var list = Assert.Throws<SourceException>(() => source.ListAsync(files.Single(file => file.Type == NodeType.Directory), Cancellation).AsTask().GetAwaiter().GetResult());
            var open = Assert.Throws<SourceException>(() => source.OpenAsync(files.Single(file => file.Type == NodeType.File), Cancellation).AsTask().GetAwaiter().GetResult());
            Assert.All([list, open], e => Assert.Contains("Permission denied", e.Message, StringComparison.Ordinal));
            Assert.All([list, open], e => Assert.False(e.Vanished));
        });
        File.SetUnixFileMode(_directory["closed"], (UnixFileMode)0x1c0);
    }

    // The kernel checks file access by a thread's own user; root's powers over files end with it.
    private static void AsNobody(Action action)
    {
        const uint nobody = 65534;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            _ = SetFileUser(nobody);
            failure = Record.Exception(action);
        });
        thread.Start();
        thread.Join();
        Assert.Null(failure);
    }

    [DllImport("libc", EntryPoint = "setfsuid")]
    private static extern int SetFileUser(uint user);

    private static async Task<SourceEntry> FindAsync(LocalFileSource source, string path)
    {
        var entry = source.Root;
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            entry = (await source.ListAsync(entry, Cancellation)).Single(child => child.Name == new EntryName(name));
        }

        return entry;
    }

    private async Task<List<string>> WalkAsync(LocalFileSource source)
    {
        var found = new List<string>();
        await AddAsync("", await FindAsync(source, _directory.Path));
        found.Sort(StringComparer.Ordinal);
        return found;

        async Task AddAsync(string prefix, SourceEntry directory)
        {
            foreach (var entry in await source.ListAsync(directory, Cancellation))
            {
                var isDirectory = entry.Type == NodeType.Directory;
                found.Add($"{prefix}{entry.Name}{(isDirectory ? "/" : "")}");
                if (isDirectory)
                {
                    await AddAsync($"{prefix}{entry.Name}/", entry);
                }
            }
        }
    }
}

using Microsoft.Win32.SafeHandles;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Trees;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Repository.Tests.Restore;

/// <summary>When the result of an earlier comparison is still true.</summary>
public sealed class ComparedFilesTests : IDisposable
{
    private static readonly bool[] Lacks = [false, true];

    private readonly TemporaryDirectory _directory = new();
    private readonly Node _node = NodeOf(1, 2);

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void What_was_found_is_true_as_long_as_the_file_and_its_snapshot_are_the_same()
    {
        var compared = new ComparedFiles(new AheadClock(TimeSpan.FromMinutes(1)));
        var status = Write("content");
        compared.Add(status, _node, Lacks);

        Assert.Same(Lacks, compared.Find(status, _node));
        Assert.Same(Lacks, compared.Find(status with { Accessed = default }, NodeOf(1, 2)));
        Assert.Null(compared.Find(status, NodeOf(1, 3)));
        Assert.Null(compared.Find(status with { Size = 8 }, _node));
        Assert.Null(compared.Find(status with { Inode = status.Inode + 1 }, _node));
    }

    [Fact]
    public async Task A_write_that_keeps_length_and_time_of_the_file_is_noticed()
    {
        var compared = new ComparedFiles(new AheadClock(TimeSpan.FromMinutes(1)));
        var status = Write("content");
        compared.Add(status, _node, Lacks);
        await Task.Delay(20, TestContext.Current.CancellationToken); // More than a tick of the kernel's clock.
        Write("CONTENT");
        File.SetLastWriteTimeUtc(_directory["file"], DateTime.UnixEpoch.AddSeconds(status.Modified.Seconds));

        Assert.Null(compared.Find(Status(), _node));
    }

    [Fact]
    public void Files_that_changed_just_before_are_not_kept_as_their_next_change_may_look_the_same()
    {
        var compared = new ComparedFiles(TimeProvider.System);
        var status = Write("content");
        compared.Add(status, _node, Lacks);

        Assert.Null(compared.Find(status, _node));
    }

    [Fact]
    public void No_more_is_kept_than_there_is_room_for()
    {
        var compared = new ComparedFiles(new AheadClock(TimeSpan.FromMinutes(1)));
        var status = Write("content");
        for (ulong inode = 0; inode < 10; inode++)
        {
            compared.Add(status with { Inode = inode }, _node, new bool[1 << 20]);
        }

        Assert.Equal(7, Enumerable.Range(0, 10).Count(inode => compared.Find(status with { Inode = (ulong)inode }, _node) is not null));
    }

    private static Node NodeOf(params int[] blobs) => new()
    {
        Name = new EntryName("file"), Type = NodeType.File, Metadata = new NodeMetadata { Permissions = 0, Modified = default }, Content = [.. blobs.Select(blob => BlobId.Of([(byte)blob]))],
    };

    private FileStatus Write(string content)
    {
        File.WriteAllText(_directory["file"], content);
        return Status();
    }

    private FileStatus Status()
    {
        using SafeFileHandle file = File.OpenHandle(_directory["file"]);
        return FileStatus.TryGet((int)file.DangerousGetHandle(), out var status) ? status : throw new IOException();
    }
}

using System.Text;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;

namespace StellaOps.Backup.Repository.Tests.Files;

/// <summary>Directories with every kind of file that a backup meets.</summary>
internal static class SampleTree
{
    public static bool IsRoot => Libc.EffectiveUserId() == 0;

    /// <summary>Names that break naive programs; the order of their UTF-8 bytes is not that of their UTF-16 units.</summary>
    public static IReadOnlyList<byte[]> HardNames { get; } =
    [
        "line\nbreak"u8.ToArray(), "tab\tand\rreturn"u8.ToArray(), "quote\"and'quote"u8.ToArray(), "back\\slash\\n"u8.ToArray(),
        "<html>&amp;"u8.ToArray(), " leading and trailing "u8.ToArray(), "-rf"u8.ToArray(), "*?[x]"u8.ToArray(), "%s%n"u8.ToArray(),
        [0x66, 0xff, 0xfe], [0xc3], [0xed, 0xa0, 0x80], [0x01, 0x1b, 0x7f], "nbsp\u00a0zwj\u200d"u8.ToArray(), "\uffee"u8.ToArray(),
        "\U0001F600"u8.ToArray(), "\u2028"u8.ToArray(), "e\u0301"u8.ToArray(), "\u00e9"u8.ToArray(), "...."u8.ToArray(),
        Encoding.UTF8.GetBytes(new string('n', 255)),
    ];

    /// <summary>Fills a directory with everything.</summary>
    public static void Create(string root)
    {
        Directory.CreateDirectory(root);
        using var top = Open(root);
        CreateContents(root);
        CreateNames(top);
        CreateLinks(root, top);
        CreateSpecials(top);
        CreateModes(root);
        CreateAttributes(root, top);
        CreateOwners(root, top);
        CreateTimes(top);
    }

    public static OpenDirectory Open(string path) =>
        OpenDirectory.TryOpen(null, BytePath.From(path), follow: true) ?? throw new IOException(LinuxError.LastText);

    private static void CreateContents(string root)
    {
        File.WriteAllBytes($"{root}/empty", []);
        File.WriteAllText($"{root}/small.txt", "small\n");
        File.WriteAllBytes($"{root}/several-chunks", TestRepositories.Content(1, 5_000_001));
        File.WriteAllBytes($"{root}/copy", TestRepositories.Content(1, 5_000_001));
        Directory.CreateDirectory($"{root}/empty-directory");
        Directory.CreateDirectory($"{root}/{string.Join('/', Enumerable.Repeat("deep", 60))}");
        using var sparse = File.OpenHandle($"{root}/sparse", FileMode.Create, FileAccess.Write);
        RandomAccess.Write(sparse, TestRepositories.Content(3, 70_000), 16 << 20);
        RandomAccess.Write(sparse, "end"u8, (32 << 20) + 17);
    }

    private static void CreateNames(OpenDirectory top)
    {
        top.MakeDirectory(new EntryName("names"));
        using var names = top.TryOpenBelow(new EntryName("names"))!;
        foreach (var name in HardNames)
        {
            using var file = names.CreateFile(new EntryName(name));
            RandomAccess.Write(file, name, 0);
        }

        names.MakeDirectory(new EntryName("\xff directory"));
    }

    private static void CreateLinks(string root, OpenDirectory top)
    {
        File.CreateSymbolicLink($"{root}/link", "small.txt");
        File.CreateSymbolicLink($"{root}/dangling", "/nowhere/at all");
        File.CreateSymbolicLink($"{root}/link-to-directory", "names");
        top.MakeSymlink(new EntryName("link-not-utf8"), new EntryName([0x74, 0xff, 0x0a, 0x3c]));
        Directory.CreateDirectory($"{root}/links");
        File.WriteAllText($"{root}/links/first", "several names");
        using var links = top.TryOpenBelow(new EntryName("links"))!;
        Assert.True(OpenDirectory.TryLink(links, new EntryName("first"), links, new EntryName("second")));
        Assert.True(OpenDirectory.TryLink(links, new EntryName("first"), top, new EntryName("another name")));
    }

    private static void CreateSpecials(OpenDirectory top)
    {
        top.MakeNode(new EntryName("fifo"), NodeType.Fifo, 0);
        if (IsRoot)
        {
            top.MakeNode(new EntryName("null"), NodeType.CharacterDevice, 0x103);
            top.MakeNode(new EntryName("loop"), NodeType.BlockDevice, 0x700);
        }
    }

    private static void CreateModes(string root)
    {
        foreach (var mode in new[] { 0x9ed, 0x5ed, 0xded, 0x1ff, 0x124, 0x100 }) // 4755, 2755, 6755, 777, 444, 400
        {
            var path = $"{root}/mode-{Convert.ToString(mode, 8)}";
            File.WriteAllText(path, path);
            File.SetUnixFileMode(path, (UnixFileMode)mode);
        }

        Directory.CreateDirectory($"{root}/sticky");
        File.SetUnixFileMode($"{root}/sticky", (UnixFileMode)0x3ff); // 1777
        Directory.CreateDirectory($"{root}/read-only");
        File.WriteAllText($"{root}/read-only/file", "x");
        File.SetUnixFileMode($"{root}/read-only", (UnixFileMode)0x16d); // 0555
    }

    private static void CreateAttributes(string root, OpenDirectory top)
    {
        Directory.CreateDirectory($"{root}/attributes");
        File.WriteAllText($"{root}/attributes/file", "x");
        Assert.True(Attributes.TryWrite(BytePath.From($"{root}/attributes/file"), new ExtendedAttribute("user.text", "value"u8.ToArray())));
        Assert.True(Attributes.TryWrite(BytePath.From($"{root}/attributes/file"), new ExtendedAttribute("user.empty", Array.Empty<byte>())));
        Assert.True(Attributes.TryWrite(BytePath.From($"{root}/attributes/file"), new ExtendedAttribute("user.long", TestRepositories.Content(5, 2000))));
        Assert.True(Attributes.TryWrite(BytePath.From($"{root}/attributes"), new ExtendedAttribute("user.directory", new byte[] { 0, 255, 10 })));
        if (IsRoot)
        {
            Assert.True(Attributes.TryWrite(BytePath.InOpenDirectory(top.Descriptor, new EntryName("link")), new ExtendedAttribute("trusted.link", "on a link"u8.ToArray())));
        }
    }

    private static void CreateOwners(string root, OpenDirectory top)
    {
        if (!IsRoot)
        {
            return;
        }

        File.WriteAllText($"{root}/owned", "x");
        Assert.True(top.TrySetOwner(new EntryName("owned"), 12345, 54321));
        Assert.True(top.TrySetOwner(new EntryName("link"), 1, 2));
        Assert.True(top.TrySetOwner(new EntryName("empty-directory"), 33, 33));
    }

    private static void CreateTimes(OpenDirectory top)
    {
        Assert.True(top.TrySetTimes(new EntryName("small.txt"), default, new UnixTime(1_600_000_000, 123_456_789)));
        Assert.True(top.TrySetTimes(new EntryName("empty"), default, new UnixTime(-86_400, 1)));
        Assert.True(top.TrySetTimes(new EntryName("copy"), default, new UnixTime(4_102_444_800, 999_999_999)));
        Assert.True(top.TrySetTimes(new EntryName("link"), default, new UnixTime(1_500_000_000, 500)));
        Assert.True(top.TrySetTimes(new EntryName("fifo"), default, new UnixTime(1_400_000_000, 0)));
        Assert.True(top.TrySetTimes(new EntryName("names"), default, new UnixTime(1_300_000_000, 100_000_000)));
    }
}

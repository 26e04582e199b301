using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.Repository.SelfTesting;

/// <summary>A file that is only in memory.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Content">Its content.</param>
/// <param name="Chunking">How it is cut.</param>
/// <param name="Changed">When it last changed.</param>
internal sealed record GeneratedFile(string Name, byte[] Content, Chunking Chunking, UnixTime Changed)
{
    private const int Page = 8192, Cut = 64 << 10;

    /// <summary>
    /// What compresses and what does not, one cut as the relations of PostgreSQL are, an empty one and many small ones. The same for the same seed.
    /// </summary>
    public static IReadOnlyList<GeneratedFile> Set(int seed)
    {
        const int smallFiles = 40;
        var random = new Random(seed);
        var files = new List<GeneratedFile>
        {
            New("empty", [], Chunking.ContentDefined),
            New("noise", Noise(random, 2 << 20), Chunking.ContentDefined),
            New("text", Text(random, 1 << 20), Chunking.ContentDefined),
            New("pages", Pages(random, 2 << 20), Chunking.Fixed(Cut)),
        };
        files.AddRange(Enumerable.Range(0, smallFiles).Select(number => New($"small-{number:d2}", Text(random, 100 + (number * number)), Chunking.ContentDefined)));
        return files;

        static GeneratedFile New(string name, byte[] content, Chunking chunking) => new(name, content, chunking, new UnixTime(1, 0));
    }

    /// <summary>The same file, with other bytes in the middle.</summary>
    public GeneratedFile Change()
    {
        byte[] content = [.. Content];
        content.AsSpan(content.Length / 2, content.Length / 8).Reverse();
        return this with { Content = content, Changed = new UnixTime(2, 0) };
    }

    private static byte[] Noise(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Text(Random random, int length) => random.GetItems("abcdefgh \n"u8, length);

    // As rows fill them: a header, free space, and what was inserted at the end.
    private static byte[] Pages(Random random, int length)
    {
        var bytes = new byte[length];
        for (var page = 0; page < length; page += Page)
        {
            random.NextBytes(bytes.AsSpan(page, 24));
            Text(random, Page / 2).CopyTo(bytes, page + (Page / 2));
        }

        return bytes;
    }
}

using System.Globalization;
using System.Text;
using StellaOps.Backup.Benchmarks.Measuring;

namespace StellaOps.Backup.Benchmarks.Data;

/// <summary>
/// Files like those of an evidence locker, the same in every run: 20,000 small JSON documents, 150 half-compressible files of 1 to 20 MiB,
/// 40 incompressible ones of 2 to 24 MiB; a fifth of them duplicates, some at another offset. 2.7 GB in all.
/// </summary>
internal sealed class EvidenceData(double scale)
{
    private const double Duplicates = 0.20;
    private const int Seed = 7, ChangeSeed = 8;

    /// <summary>Writes the first state below <paramref name="directory"/>.</summary>
    public void Write(string directory)
    {
        var random = new Random(Seed);
        WriteSmall(random, directory, (int)(20_000 * scale));
        WriteMedium(random, Directory.CreateDirectory(Path.Combine(directory, "medium")).FullName, Math.Max(2, (int)(150 * scale)));
        var packed = Directory.CreateDirectory(Path.Combine(directory, "packed")).FullName;
        for (var i = 0; i < Math.Max(1, (int)(40 * scale)); i++)
        {
            File.WriteAllBytes(Path.Combine(packed, Name("image", i, "tar.zst")), Noise(random, random.Next(2 << 20, 24 << 20)));
        }
    }

    /// <summary>
    /// Makes the second state: 2 % new files, 1 % of the small files and a tenth of the medium ones edited. Unchanged files are
    /// hard links to those of the first state, so that nothing about them differs.
    /// </summary>
    public static async Task ChangeAsync(string from, string to, CancellationToken cancellationToken)
    {
        await MeasuredProcess.RunAsync("cp", ["-al", from, to], "/", new Dictionary<string, string>(), cancellationToken);
        var random = new Random(ChangeSeed);
        var files = Directory.EnumerateFiles(to, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToList();
        var added = Directory.CreateDirectory(Path.Combine(to, "sbom", "new")).FullName;
        for (var i = 0; i < files.Count * 2 / 100; i++)
        {
            File.WriteAllBytes(Path.Combine(added, Name("bom-new", i, "json")), SbomDocument.Create(random, SmallLength(random)));
        }

        var small = files.Where(file => file.EndsWith(".json", StringComparison.Ordinal)).ToList();
        var medium = files.Where(file => file.Contains("/medium/", StringComparison.Ordinal)).ToList();
        Edit(random, small, Math.Max(1, small.Count / 100), edits: 1, largest: 70);
        Edit(random, medium, Math.Max(1, medium.Count / 10), edits: 3, largest: 4096);
    }

    private static void WriteSmall(Random random, string directory, int count)
    {
        var earlier = new List<byte[]>();
        for (var i = 0; i < count; i++)
        {
            var folder = Directory.CreateDirectory(string.Create(CultureInfo.InvariantCulture, $"{directory}/sbom/{i % 256:x2}/{i / 256 % 16:x}")).FullName;
            var content = earlier.Count > 0 && random.NextDouble() < Duplicates ? earlier[random.Next(earlier.Count)] : SbomDocument.Create(random, SmallLength(random));
            if (earlier.Count < 2000)
            {
                earlier.Add(content);
            }

            File.WriteAllBytes(Path.Combine(folder, Name("bom", i, "json")), content);
        }
    }

    private static void WriteMedium(Random random, string directory, int count)
    {
        var earlier = new List<string>();
        for (var i = 0; i < count; i++)
        {
            var content = earlier.Count > 0 && random.NextDouble() < Duplicates
                ? Repeat(random, File.ReadAllBytes(earlier[random.Next(earlier.Count)]))
                : HalfCompressible(random, random.Next(1 << 20, 20 << 20));
            earlier.Add(Path.Combine(directory, Name("report", i, "bin")));
            File.WriteAllBytes(earlier[^1], content);
        }
    }

    // Half of the repeated files start a little later: what content-defined cuts must find.
    private static byte[] Repeat(Random random, byte[] content) =>
        random.Next(2) == 0 ? content : [.. Noise(random, random.Next(1, 5000)), .. content];

    private static byte[] HalfCompressible(Random random, int length)
    {
        var content = new MemoryStream(length + 8192);
        while (content.Length < length)
        {
            content.Write(Noise(random, 2048));
            var line = new StringBuilder();
            while (line.Length < 2600)
            {
                line.Append(Words.Any(random)).Append('=').Append(random.Next(100_000)).Append(' ');
            }

            content.Write(Encoding.ASCII.GetBytes(line.ToString()));
        }

        return content.GetBuffer()[..length];
    }

    private static void Edit(Random random, List<string> files, int count, int edits, int largest)
    {
        foreach (var file in random.GetItems(files.ToArray(), count).Distinct(StringComparer.Ordinal))
        {
            var content = File.ReadAllBytes(file).ToList();
            for (var i = 0; i < edits; i++)
            {
                content.InsertRange(random.Next(content.Count), Noise(random, random.Next(1, largest)));
            }

            File.Delete(file); // Its other name keeps the old content.
            File.WriteAllBytes(file, [.. content]);
        }
    }

    private static int SmallLength(Random random) => (int)(1024 * (1 + 49 * Math.Pow(random.NextDouble(), 1.5)));

    private static byte[] Noise(Random random, int length)
    {
        var noise = GC.AllocateUninitializedArray<byte>(length);
        random.NextBytes(noise);
        return noise;
    }

    private static string Name(string kind, int number, string extension) =>
        string.Create(CultureInfo.InvariantCulture, $"{kind}-{number:d6}.{extension}");
}

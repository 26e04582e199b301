using System.Globalization;
using System.Text;

namespace StellaOps.Backup.Benchmarks.Data;

/// <summary>Very many files of about 300 bytes, 1,000 in each directory, all different.</summary>
internal static class SmallFiles
{
    private const int PerDirectory = 1000;

    public static void Write(string directory, int count)
    {
        var random = new Random(9);
        for (var i = 0; i < count; i++)
        {
            var folder = string.Create(CultureInfo.InvariantCulture, $"{directory}/{i / PerDirectory:d4}");
            if (i % PerDirectory == 0)
            {
                Directory.CreateDirectory(folder);
            }

            var text = new StringBuilder();
            text.Append(CultureInfo.InvariantCulture, $"{{\"number\":{i},\"subject\":\"");
            while (text.Length < 280)
            {
                text.Append(Words.Any(random)).Append(' ');
            }

            File.WriteAllText(string.Create(CultureInfo.InvariantCulture, $"{folder}/attestation-{i:d7}.json"), text.Append("\"}").ToString());
        }
    }
}

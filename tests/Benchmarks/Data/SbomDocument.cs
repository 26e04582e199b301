using System.Globalization;
using System.Text;

namespace StellaOps.Backup.Benchmarks.Data;

/// <summary>JSON like the software bills of materials that an evidence locker is full of.</summary>
internal static class SbomDocument
{
    private static readonly string[] Licences = ["MIT", "Apache-2.0", "BSD-3-Clause", "GPL-2.0-only", "MPL-2.0", "ISC", "Zlib"];

    /// <summary>A document of about this many bytes.</summary>
    public static byte[] Create(Random random, int length)
    {
        var text = new StringBuilder(length + 1024);
        text.Append(CultureInfo.InvariantCulture, $$"""
            {
             "bomFormat": "CycloneDX",
             "specVersion": "1.5",
             "serialNumber": "urn:uuid:{{Hex(random, 16)}}",
             "version": 1,
             "metadata": {"timestamp": "2024-01-01T00:00:00Z", "tools": [{"vendor": "example", "name": "generator"}]},
             "components": [
            """);
        while (text.Length < length)
        {
            var name = $"{Words.Any(random)}-{Words.Any(random)}";
            var version = string.Create(CultureInfo.InvariantCulture, $"{random.Next(20)}.{random.Next(50)}.{random.Next(100)}");
            text.Append(CultureInfo.InvariantCulture, $$"""

                  {
                   "type": "library",
                   "bom-ref": "pkg:npm/{{name}}@{{version}}",
                   "name": "{{name}}",
                   "version": "{{version}}",
                   "purl": "pkg:npm/{{name}}@{{version}}",
                   "licenses": [{"license": {"id": "{{Licences[random.Next(Licences.Length)]}}"} }],
                   "hashes": [{"alg": "SHA-256", "content": "{{Hex(random, 32)}}"}]
                  },
                """);
        }

        text.Length--; // The comma after the last one.
        return Encoding.UTF8.GetBytes(text.Append("\n ]\n}\n").ToString());
    }

    private static string Hex(Random random, int bytes)
    {
        Span<byte> value = stackalloc byte[bytes];
        random.NextBytes(value);
        return Convert.ToHexStringLower(value);
    }
}

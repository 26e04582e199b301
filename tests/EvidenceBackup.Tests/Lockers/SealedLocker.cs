using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.EvidenceBackup.Tests.Lockers;

/// <summary>A locker with an index and anchors as the platform makes them, by code of its own.</summary>
internal sealed class SealedLocker : IAsyncDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly SortedDictionary<string, string> _written = new(StringComparer.Ordinal);
    private readonly HashSet<string> _anchored = [];
    private readonly string _keys = Path.Combine(Path.GetTempPath(), $"stella-anchor-{Guid.NewGuid():n}.pem");
    private string? _previous;
    private int _sequence;

    /// <param name="trusting">False: the worker has no keys of anchors.</param>
    public SealedLocker(bool trusting = true)
    {
        File.WriteAllText(_keys, _key.ExportSubjectPublicKeyInfoPem());
        Bench = trusting ? new EvidenceBench(("Evidence:AnchorKeys:0", _keys)) : new EvidenceBench();
    }

    public EvidenceBench Bench { get; }

    public string IndexFile => Path.Combine(Bench.Source, "index.json");

    /// <summary>Three artifacts in two anchors, all of them indexed.</summary>
    public static SealedLocker Filled(bool trusting = true)
    {
        var locker = new SealedLocker(trusting);
        locker.Add("attestations/a.json", "a");
        locker.Add("sboms/b.json", "b");
        locker.Anchor();
        locker.Add("sboms/c.json", "c");
        locker.Anchor();
        locker.Index();
        return locker;
    }

    public void Add(string path, string content)
    {
        Bench.Write(path, content);
        _written[path] = content;
    }

    /// <summary>Writes the index over what was added so far.</summary>
    /// <param name="more">Further members of each entry, with a comma before.</param>
    public void Index(string more = "") => File.WriteAllText(IndexFile, "{\"version\":1,\"artifacts\":[" + string.Join(',', _written.Select(entry =>
        $"\n  {{\"path\":\"{entry.Key}\",\"type\":\"{entry.Key.Split('/')[0]}\",\"sha256\":\"{Sha256(entry.Value)}\",\"sizeBytes\":{entry.Value.Length}{more}}}")) + "\n]}\n");

    /// <summary>Anchors what was added since the last anchor.</summary>
    public void Anchor()
    {
        string[] lines = [.. _written.Where(entry => _anchored.Add(entry.Key)).Select(entry => $"{Sha256(entry.Value)}  {entry.Key}")];
        var payload = JsonSerializer.SerializeToUtf8Bytes(new
        {
            schemaVersion = 1,
            sequence = ++_sequence,
            previous = _previous,
            windowStart = $"2026-01-0{_sequence}T00:00:00Z",
            windowEnd = $"2026-01-0{_sequence + 1}T00:00:00Z",
            leafCount = lines.Length,
            rootHash = Convert.ToHexStringLower(Root([.. lines.Select(Encoding.UTF8.GetBytes)])),
        });
        Bench.Write($"anchors/{_sequence:D6}.sha256", string.Concat(lines.Select(line => line + "\n")));
        Bench.Write($"anchors/{_sequence:D6}.json", Envelope(payload));
        _previous = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(Bench.Source, $"anchors/{_sequence:D6}.json"))));
    }

    public Task<TaskResult> CheckAsync(bool full = true, bool index = true, bool latest = false) => Bench.Handler.CheckEvidenceAsync(
        Bench.Task(), new EvidenceCheckSpec { Full = full, Index = index, LatestAnchor = latest }, TestContext.Current.CancellationToken);

    public async Task<IndexResult> RebuildAsync(Outcome outcome = Outcome.Complete, bool dryRun = false)
    {
        var result = await Bench.Handler.RebuildIndexAsync(Bench.Task(), new RebuildIndexSpec { DryRun = dryRun }, TestContext.Current.CancellationToken);
        Assert.Equal(outcome, result.Outcome);
        return result.Index!;
    }

    /// <summary>All problems of a check, each after the name of the check that found it.</summary>
    public static IReadOnlyList<string> Problems(TaskResult result) => [.. result.Evidence!.Checks.SelectMany(check => check.Problems.Select(problem => $"{check.Check}: {problem}"))];

    /// <summary>The rule as the RFC writes it down, by recursion.</summary>
    public static byte[] Root(byte[][] leaves)
    {
        if (leaves.Length <= 1)
        {
            return SHA256.HashData(leaves.Length == 0 ? [] : [0, .. leaves[0]]);
        }

        var half = Half(leaves.Length);
        return SHA256.HashData([1, .. Root(leaves[..half]), .. Root(leaves[half..])]);
    }

    public async ValueTask DisposeAsync()
    {
        _key.Dispose();
        File.Delete(_keys);
        await Bench.DisposeAsync();
    }

    /// <summary>The largest power of two that is smaller.</summary>
    private static int Half(int count) => (int)(BitOperations.RoundUpToPowerOf2((uint)count) / 2);

    private static string Sha256(string content) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)));

    private string Envelope(byte[] payload)
    {
        const string Type = "application/vnd.stella-evidence-anchor+json";
        byte[] signed = [.. Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"DSSEv1 {Type.Length} {Type} {payload.Length} ")), .. payload];
        var signature = _key.SignData(signed, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        return JsonSerializer.Serialize(new { payloadType = Type, payload = Convert.ToBase64String(payload), signatures = new[] { new { keyid = "test", sig = Convert.ToBase64String(signature) } } });
    }
}

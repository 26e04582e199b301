using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Checking;

/// <summary>One way to harm one object.</summary>
/// <param name="Object">Key of the object that is harmed.</param>
/// <param name="What">What is done to it, for messages.</param>
/// <param name="Apply">Does it.</param>
internal sealed record Corruption(string Object, string What, Action<MemoryStore> Apply)
{
    /// <summary>Keys that a report may name: the object, and the other one where two are concerned.</summary>
    public IReadOnlyList<string> Named { get; init; } = [Object];

    public override string ToString() => $"{Object}: {What}";

    /// <summary>
    /// The sweep: for each object every class of its bytes flipped, the object truncated, emptied, lengthened, removed, put under another
    /// name, and its content exchanged with that of the next object of its kind and of another kind.
    /// </summary>
    /// <param name="store">A sound repository.</param>
    /// <param name="everyByte">Flips a bit of every byte instead of one for each class.</param>
    public static IEnumerable<Corruption> Of(MemoryStore store, bool everyByte)
    {
        var keys = store.Keys.ToList();
        foreach (var key in keys)
        {
            var length = store[key].Length;
            var places = everyByte ? Enumerable.Range(0, length).Select(at => (Class: $"byte {at}", At: at)) : ByteClasses(key, store[key]);
            foreach (var (name, at) in places)
            {
                yield return new Corruption(key, $"bit {at % 8} of {name} flipped", harmed => harmed[key][at] ^= (byte)(1 << at % 8));
            }

            foreach (var left in new[] { length - 1, length / 2, 31, 1, 0 }.Where(left => left < length).Distinct())
            {
                yield return new Corruption(key, $"truncated to {left} bytes", harmed => harmed[key] = harmed[key][..left]);
            }

            foreach (var more in new[] { 1, 100 })
            {
                yield return new Corruption(key, $"{more} bytes of garbage at its end", harmed => harmed[key] = [.. harmed[key], .. TestRepositories.Content(1, more)]);
            }

            yield return new Corruption(key, "missing", harmed => harmed.DeleteAsync(key).AsTask().GetAwaiter().GetResult());
            yield return Duplicated(key);
            foreach (var other in Partners(keys, key))
            {
                yield return new Corruption(key, $"exchanged with {other}", harmed => (harmed[key], harmed[other]) = (harmed[other], harmed[key])) { Named = [key, other] };
            }
        }
    }

    /// <summary>The folder of an object; <c>config</c> is its own kind.</summary>
    public static string KindOf(string key) => key.LastIndexOf('/') is var slash and > 0 ? key.StartsWith("data/", StringComparison.Ordinal) ? "data" : key[..slash] : key;

    private static Corruption Duplicated(string key)
    {
        var name = new string('a', 62) + "01";
        var copy = KindOf(key) switch { "data" => $"data/aa/{name}", var kind when kind == key => key + "2", var kind => $"{kind}/{name}" };
        return new Corruption(key, $"copied to {copy}", harmed => harmed[copy] = [.. harmed[key]]) { Named = [key, copy] };
    }

    private static IEnumerable<string> Partners(List<string> keys, string key)
    {
        var same = keys.Where(other => KindOf(other) == KindOf(key)).ToList();
        if (same.Count > 1)
        {
            yield return same[(same.IndexOf(key) + 1) % same.Count];
        }

        yield return keys.First(other => KindOf(other) == (KindOf(key) == "data" ? "snapshots" : "data"));
    }

    private static IEnumerable<(string Class, int At)> ByteClasses(string key, byte[] content)
    {
        if (KindOf(key) is "keys")
        {
            return Enumerable.Range(0, 24).Select(i => ($"byte {i * (content.Length - 1) / 23}", i * (content.Length - 1) / 23));
        }

        var unit = new List<(string, int)> { ("the IV", 0), ("the IV", 15), ("the ciphertext", 16), ("the ciphertext", content.Length / 2) };
        if (KindOf(key) is not "data")
        {
            return [.. unit, ("the MAC", content.Length - 16), ("the MAC", content.Length - 1)];
        }

        var header = content.Length - 4 - BitConverter.ToInt32(content, content.Length - 4);
        return
        [
            .. unit, ("the last blob's MAC", header - 1), ("the header's IV", header), ("the header's ciphertext", header + 16), ("the header's ciphertext", header + 30),
            ("the header's MAC", content.Length - 5), .. Enumerable.Range(1, 4).Select(i => ("the header's length", content.Length - i)),
        ];
    }
}

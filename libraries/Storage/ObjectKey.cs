namespace StellaOps.Backup.Storage;

/// <summary>Rules for keys, the same for every store, so that a key can never leave the root.</summary>
public static class ObjectKey
{
    /// <summary>Refuses an empty key, empty parts, <c>.</c>, <c>..</c>, a leading or closing <c>/</c>, and control characters.</summary>
    public static void Check(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        foreach (var range in key.AsSpan().Split('/'))
        {
            var part = key.AsSpan(range);
            if (part.Length == 0 || part.SequenceEqual(".") || part.SequenceEqual("..") || part.ContainsAnyInRange('\0', '\x1f'))
            {
                throw new ArgumentException($"not a key of an object store: '{key}'", nameof(key));
            }
        }
    }
}

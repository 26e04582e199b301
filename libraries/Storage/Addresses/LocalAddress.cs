namespace StellaOps.Backup.Storage.Addresses;

/// <summary>A directory of this machine: <c>/absolute/path</c> or <c>file:///absolute/path</c>.</summary>
/// <param name="Path">Absolute.</param>
public sealed record LocalAddress(string Path) : LocationAddress
{
    /// <inheritdoc/>
    public override string Root => Path;

    internal static LocalAddress Parse(UrlParts url)
    {
        url.AllowOnly();
        return url.Authority.Length == 0 && url.Path.StartsWith('/')
            ? new LocalAddress(url.Path)
            : throw Refused("file: wants an absolute path of this machine: file:///absolute/path");
    }
}

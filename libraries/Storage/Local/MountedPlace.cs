namespace StellaOps.Backup.Storage.Local;

/// <summary>
/// A directory that was a location has its <c>location.json</c> for ever. Where a disk was unmounted an empty directory takes its place: what is put into that would be nowhere
/// when the disk is back, and that nothing is found there says nothing of what is stored.
/// </summary>
internal sealed class MountedPlace(string root)
{
    private readonly string _file = Path.Combine(root, LocationFile.Key);
    private volatile bool _wasLocation;

    /// <summary>Sees that the directory is still what it was. A look at one name, which the system has in its cache.</summary>
    /// <exception cref="StorageException"><see cref="StorageFailure.Unavailable"/>.</exception>
    public void Require()
    {
        if (File.Exists(_file))
        {
            _wasLocation = true;
        }
        else if (_wasLocation)
        {
            throw new StorageException(StorageFailure.Unavailable, $"{root} was a location, and is none now: it has no {LocationFile.Key}; is it mounted?");
        }
    }
}
